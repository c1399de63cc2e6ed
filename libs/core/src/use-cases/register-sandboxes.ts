import { IssuerError } from '../errors.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import { createFindRunner } from './find-runner.ts'
import {
  prepareRegistration,
  type SandboxAdministrationDependencies,
  type SandboxRegistration,
  type SandboxWithSecret,
} from './register-sandbox.ts'

/** How many sandboxes can be registered at once. */
export const MAX_SANDBOX_BATCH = 1000

/**
 * Registers up to {@link MAX_SANDBOX_BATCH} sandboxes, each for itself: gives for each, in the order asked, what
 * `RegisterSandbox` would have given or the error it would have thrown. Those given are durable when it resolves. Of two
 * with the same ID in one batch, the second is refused. Each runner is looked up once.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for an empty or too long list; when none was registered because the store
 * failed, what it failed with: `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT` or `ERR_REGISTRY_LOST`.
 */
export type RegisterSandboxes = (
  registrations: readonly SandboxRegistration[],
) => Promise<readonly (SandboxWithSecret | IssuerError)[]>

/** Makes {@link RegisterSandboxes}. */
export function createRegisterSandboxes({
  sandboxes,
  runners,
  clock,
}: SandboxAdministrationDependencies): RegisterSandboxes {
  return async (registrations) => {
    if (registrations.length < 1 || registrations.length > MAX_SANDBOX_BATCH) {
      throw new IssuerError(
        'ERR_REQUEST_INVALID',
        `a batch has 1 to ${MAX_SANDBOX_BATCH} sandboxes, not ${registrations.length}`,
        { details: { name: 'sandboxes' } },
      )
    }
    const now = clock()
    const findRunner = createFindRunner(runners, now)
    // All at once; what is wrong with one is told where it is asked for.
    await Promise.allSettled(registrations.flatMap(({ runner_id: id }) => (id ? [findRunner(id)] : [])))
    const seen = new Set<string>()
    const results: (SandboxWithSecret | IssuerError)[] = []
    for (const registration of registrations) {
      const preparing = prepareRegistration(registration, now, findRunner)
      results.push(await preparing.then(refuseRepeated(seen), asIssuerError))
    }
    const unanswered = results.filter(isStoreFailure)
    const prepared = results.flatMap((result, index) =>
      result instanceof IssuerError ? [] : [{ index, record: result.record }],
    )
    const records: readonly SandboxRecord[] = prepared.map(({ record }) => record)
    const outcomes = records.length === 0 ? [] : await sandboxes.registerAll(records, now)
    outcomes.forEach((error, position) => {
      const place = prepared[position]
      if (error !== undefined && place !== undefined) results[place.index] = error
    })
    assertStoreAnswered([...unanswered, ...outcomes])
    return results
  }
}

function refuseRepeated(seen: Set<string>) {
  return (prepared: SandboxWithSecret): SandboxWithSecret | IssuerError => {
    const id = prepared.record.sandbox_id
    if (seen.has(id)) {
      return new IssuerError('ERR_SANDBOX_EXISTS', `sandbox ${id} is in this batch twice`, {
        details: { id },
      })
    }
    seen.add(id)
    return prepared
  }
}

function asIssuerError(error: unknown): IssuerError {
  if (error instanceof IssuerError) return error
  throw error
}

const STORE_FAILURES: ReadonlySet<string> = new Set([
  'ERR_STORE_UNAVAILABLE',
  'ERR_STORE_CORRUPT',
  'ERR_REGISTRY_LOST',
])

/** Nothing but failures of the store is one failure: whoever asked should simply ask again. */
function assertStoreAnswered(outcomes: readonly (IssuerError | undefined)[]): void {
  const [first] = outcomes
  if (first !== undefined && outcomes.every(isStoreFailure)) throw first
}

function isStoreFailure(result: unknown): result is IssuerError {
  return result instanceof IssuerError && STORE_FAILURES.has(result.code)
}
