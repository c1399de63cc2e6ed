import { IssuerError } from '../errors.ts'
import { parseIdentifier } from '../identifiers.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import type { UnixSeconds } from '../time.ts'

/** Gives the runner that a sandbox is to be assigned to. */
export type FindRunner = (runnerId: string) => Promise<RunnerRecord>

/**
 * Finds runners in a registry, each of them once.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID`; `ERR_RUNNER_UNKNOWN` when no runner has the ID; those of the registry.
 */
export function createFindRunner(runners: Pick<RunnerRegistry, 'findById'>, now: UnixSeconds): FindRunner {
  const found = new Map<string, Promise<RunnerRecord>>()
  const find = async (runnerId: string): Promise<RunnerRecord> => {
    const record = await runners.findById(parseIdentifier('runner_id', runnerId), now)
    if (record !== undefined) return record
    throw new IssuerError('ERR_RUNNER_UNKNOWN', `no runner is registered as ${runnerId}; register it first`, {
      details: { runner_id: runnerId },
    })
  }
  return (runnerId) => {
    const asked = found.get(runnerId) ?? find(runnerId)
    found.set(runnerId, asked)
    return asked
  }
}
