import { IssuerError } from '@workload-identity/core'
import type { TokenFileEvent } from '@workload-identity/runner'
import { createLogger } from '@workload-identity/service'
import { describe, expect, it } from 'vitest'
import { createTokenFileLog } from './token-file-log.ts'

const file = { sandbox_id: 'web', name: 'aws' } as const
const error = new IssuerError('ERR_STORE_UNAVAILABLE', 'the disk is full')
const outage = new IssuerError('ERR_ISSUER_UNAVAILABLE', 'no answer')
const failed = (failures: number, error: IssuerError): TokenFileEvent => ({
  ...{ type: 'refresh-failed', ...file, error, failures },
  retry_in_ms: 1000,
})

function linesFor(...events: readonly TokenFileEvent[]): readonly Readonly<Record<string, unknown>>[] {
  const lines: Readonly<Record<string, unknown>>[] = []
  const log = createTokenFileLog(createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) }))
  for (const event of events) log(event)
  return lines
}

describe('createTokenFileLog', () => {
  it('warns of a file that cannot be refreshed at the first failure alone', () => {
    const lines = linesFor(failed(1, error), failed(2, error), failed(3, error))
    expect(lines).toMatchObject([{ level: 'warn', sandbox_id: 'web', name: 'aws', failures: 1 }])
  })

  it('does not tell for each file that the issuer is away', () => {
    expect(linesFor(failed(1, outage), failed(2, outage))).toEqual([])
  })

  it('says nothing of refreshes, which are counted', () => {
    expect(linesFor({ type: 'refreshed', ...file, path: '/run/tokens/x/aws' })).toEqual([])
  })

  it('names what needs an operator', () => {
    const lines = linesFor(
      { type: 'removed', sandbox_id: 'web' },
      { type: 'removal-failed', ...file, error },
      { type: 'end-doubted', sandbox_id: 'web' },
      { type: 'hook-failed', sandbox_id: 'web', path: '/run/tokens/x/aws', reason: 'it ended with 1' },
    )
    expect(lines.map(({ level }) => level)).toEqual(['info', 'error', 'warn', 'warn'])
    expect(lines[3]).toMatchObject({ reason: 'it ended with 1', path: '/run/tokens/x/aws' })
  })
})
