import { describe, expect, it } from 'vitest'
import type { Answered, Failed } from './exchange.ts'
import { planRetry, retryAfterSeconds, type RetryFacts } from './retry-plan.ts'

const lost: Failed = {
  type: 'failed',
  maybeReceived: true,
  isFinal: false,
  isTimeout: false,
  cause: new Error('lost'),
}
const refused: Failed = { ...lost, maybeReceived: false }

function answered(status: number, headers: Answered['headers'] = {}): Answered {
  return { type: 'answered', status, headers, text: '' }
}

function plan(facts: Partial<RetryFacts>) {
  return planRetry({
    tries: 1,
    result: refused,
    isRepeatable: true,
    elapsedMs: 0,
    totalTimeoutMs: 15_000,
    random: 0.5,
    ...facts,
  })
}

describe('planRetry', () => {
  it.each([
    [1, 0, 50],
    [1, 0.5, 100],
    [2, 0, 200],
    [2, 0.5, 400],
  ])('waits after try %i by chance %f for %i ms', (tries, random, delay) => {
    expect(plan({ tries, random })).toBe(delay)
  })

  it('gives up after three tries', () => {
    expect(plan({ tries: 3 })).toBeUndefined()
  })

  it.each([
    ['was surely not received', refused],
    ['may have been received', lost],
    ['was answered with 500', answered(500)],
    ['was answered with 503', answered(503)],
  ])('sends a request that may be repeated again when it %s', (_, result) => {
    expect(plan({ result })).toBe(100)
  })

  it.each([
    ['may have been received', lost],
    ['timed out', { ...lost, isTimeout: true }],
    ['was answered with 500', answered(500)],
    ['was answered with 503', answered(503, { 'retry-after': '1' })],
  ])('never sends a change again that %s', (_, result) => {
    expect(plan({ result, isRepeatable: false })).toBeUndefined()
  })

  it('sends a change again that was surely not received', () => {
    expect(plan({ isRepeatable: false })).toBe(100)
  })

  it.each([200, 204, 302, 304, 400, 401, 403, 404, 409, 429, 499])('takes a %i for the answer', (status) => {
    expect(plan({ result: answered(status, { 'retry-after': '1' }) })).toBeUndefined()
  })

  it('does not ask again for an answer that is too large', () => {
    expect(plan({ result: { ...lost, isFinal: true } })).toBeUndefined()
  })

  it('waits as long as Retry-After says, and a little more', () => {
    expect(plan({ result: answered(503, { 'retry-after': '2' }) })).toBe(2100)
  })

  it.each([
    [14_899, 100],
    [14_900, undefined],
  ])('gives up when the wait would not end in time (after %i ms)', (elapsedMs, delay) => {
    expect(plan({ elapsedMs })).toBe(delay)
  })

  it.each([
    ['14', 14_100],
    ['15', undefined],
  ])('gives up when Retry-After: %s does not end in time', (text, delay) => {
    expect(plan({ result: answered(503, { 'retry-after': text }) })).toBe(delay)
  })
})

describe('retryAfterSeconds', () => {
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['30', 30],
    ['-1', undefined],
    ['1.5', undefined],
    ['9999999999', undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    [['1', '2'], undefined],
  ])('reads %j as %j', (text, value) => {
    expect(retryAfterSeconds({ headers: { 'retry-after': text } })).toBe(value)
  })
})
