import { IssuerError } from '@workload-identity/core'
import type { RunnerEvent } from '@workload-identity/runner'
import { createLogger } from '@workload-identity/service'
import { describe, expect, it } from 'vitest'
import { createEventLog } from './event-log.ts'

const away = new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the issuer did not answer')
const failed = (failures: number, isRefused = false): RunnerEvent => ({
  ...{ type: 'assignments-failed', failures, isRefused, error: away },
})
const confirmed = { type: 'assignments-confirmed', sandboxes: 2, changed: false } as const
const batch = { operation: 'tokens', entries: 3, seconds: 0.1 } as const

/** The levels and texts of the lines for some events. */
function linesFor(...events: readonly RunnerEvent[]): readonly (readonly [string, string])[] {
  const lines: { readonly level: string; readonly msg: string }[] = []
  const log = createEventLog(createLogger('debug', { write: (line) => void lines.push(JSON.parse(line)) }))
  for (const event of events) log(event)
  return lines.map(({ level, msg }) => [level, msg.replace(/:.*/, '')])
}

const confirms = 'the issuer confirms the assignments of this node'
const confirmsNot = 'the issuer does not confirm the assignments of this node'
const refuses = 'the issuer refuses the credential of this runner'

describe('createEventLog', () => {
  it('tells once that assignments are confirmed, however often they are', () => {
    expect(linesFor(confirmed, confirmed, confirmed)).toEqual([['info', confirms]])
  })

  it('warns once of an issuer that is away, and tells when it is back', () => {
    expect(linesFor(confirmed, failed(1), failed(2), failed(3), confirmed)).toEqual([
      ['info', confirms],
      ['warn', confirmsNot],
      ['debug', confirmsNot],
      ['debug', confirmsNot],
      ['info', confirms],
    ])
  })

  it('warns once of an issuer that refuses the runner, also when it was away before', () => {
    expect(linesFor(failed(1), failed(2, true), failed(3, true), confirmed, failed(1))).toEqual([
      ['warn', confirmsNot],
      ['warn', refuses],
      ['debug', refuses],
      ['info', confirms],
      ['warn', confirmsNot],
    ])
  })

  it('warns of an issuer that is away at the start', () => {
    expect(linesFor(failed(1))).toEqual([['warn', confirmsNot]])
  })

  it('warns once of an issuer that does not mint, and tells when it does again', () => {
    const down = { type: 'upstream-failed', ...batch, error: away } as const
    const up = { type: 'upstream-answered', ...batch, refused: 0 } as const
    expect(linesFor(up, down, down, up, up).map(([level]) => level)).toEqual(['warn', 'debug', 'info'])
  })

  it('says nothing of answers, which are counted', () => {
    expect(linesFor({ type: 'answered', what: 'token', sandbox_id: 's', from: 'cache' })).toEqual([])
  })
})
