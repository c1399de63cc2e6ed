import { describe, expect, it } from 'vitest'
import { withCode } from '../../test/fixtures.ts'
import { audienceClaim, audienceProblem, parseAudiences, resolveAudience } from './audience.ts'

const many = (count: number) => Array.from({ length: count }, (_, index) => `aud-${index}`)

describe('audienceProblem', () => {
  it.each([
    [0, false],
    [1, true],
    [1000, true],
    [1001, false],
  ])('says of %i characters that they are allowed: %s', (length, isAllowed) => {
    expect(audienceProblem('a'.repeat(length)) === undefined).toBe(isAllowed)
  })

  it('allows exactly the visible ASCII characters 0x21 to 0x7e', () => {
    const accepted = Array.from({ length: 0x300 }, (_, code) => code).filter(
      (code) => audienceProblem(`a${String.fromCharCode(code)}`) === undefined,
    )
    expect([accepted[0], accepted.at(-1), accepted.length]).toEqual([0x21, 0x7e, 94])
  })

  it.each(['a b', 'a\n', '\ta', 'ä', 'a\u200b', undefined, null, 1, {}, ['a']])('refuses %j', (value) => {
    expect(audienceProblem(value)).toBeDefined()
  })
})

describe('parseAudiences', () => {
  it.each([
    ['one text', 'sts.amazonaws.com', ['sts.amazonaws.com']],
    ['a list in its order', ['b', 'a', 'c'], ['b', 'a', 'c']],
    ['ten', many(10), many(10)],
    ['two that differ in case', ['a', 'A'], ['a', 'A']],
  ])('gives %s', (_, value, expected) => {
    expect(parseAudiences(value)).toEqual(expected)
  })

  it.each([
    ['an empty list', []],
    ['eleven', many(11)],
    ['duplicates', ['a', 'b', 'a']],
    ['an empty text', ''],
    ['an empty text in a list', ['a', '']],
    ['a number', 7],
    ['a number in a list', ['a', 7]],
    ['a list in a list', [['a']]],
    ['nothing', undefined],
    ['null', null],
    ['an object', { 0: 'a', length: 1 }],
  ])('refuses %s with ERR_AUDIENCE_INVALID', (_, value) => {
    expect(() => parseAudiences(value)).toThrow(withCode('ERR_AUDIENCE_INVALID'))
  })
})

describe('resolveAudience', () => {
  const policy = { defaultAudience: 'default' }

  it('gives the default audience when none is asked for', () => {
    expect(resolveAudience(undefined, policy)).toEqual(['default'])
  })

  it.each([[[]], ['']])('refuses %j instead of taking the default', (requested) => {
    expect(() => resolveAudience(requested, policy)).toThrow(withCode('ERR_AUDIENCE_INVALID'))
  })

  it.each([
    ['any of the cluster', ['a', 'b'], undefined],
    ['any of the sandbox', undefined, ['a', 'b']],
    ['those of both', ['a', 'b', 'c'], ['a', 'b', 'd']],
  ])('allows %s', (_, allowedAudiences, narrower) => {
    const cluster = { ...policy, ...(allowedAudiences && { allowedAudiences }) }
    expect(resolveAudience(['b', 'a'], cluster, narrower)).toEqual(['b', 'a'])
  })

  it.each([
    ['the cluster', ['a'], undefined, ['a', 'x']],
    ['the sandbox', undefined, ['a'], 'x'],
    ['one of the two', ['a', 'x'], ['a'], 'x'],
    ['an empty list, which allows nothing', undefined, [], 'a'],
    ['a list that lacks the default, when none is asked for', ['a'], undefined, undefined],
    ['a list that differs in case', ['A'], undefined, 'a'],
    ['a list that holds only a part', ['https://a'], undefined, 'https://a/'],
  ])('refuses with ERR_AUDIENCE_NOT_ALLOWED what is not allowed by %s', (_, cluster, narrower, requested) => {
    const clusterPolicy = { ...policy, ...(cluster && { allowedAudiences: cluster }) }
    expect(() => resolveAudience(requested, clusterPolicy, narrower)).toThrow(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
  })
})

describe('audienceClaim', () => {
  it('is a text for one audience and a list for more', () => {
    expect(audienceClaim(['a'])).toBe('a')
    expect(audienceClaim(['a', 'b'])).toEqual(['a', 'b'])
  })
})
