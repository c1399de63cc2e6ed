import { IssuerError } from '../errors.ts'
import type { SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'
import type { RunnerAdministrationDependencies } from './register-runner.ts'

/** What ending runners needs. */
export interface EndRunnerDependencies extends RunnerAdministrationDependencies {
  readonly sandboxes: Pick<SandboxRegistry, 'list' | 'findById' | 'end'>
}

/**
 * Ends a runner at once. With `endSandboxes` it ends before its sandboxes do, so that it can ask for nothing from then on;
 * whatever is left when that is interrupted is ended by asking again. Without, sandboxes are in the way: those of a runner
 * that is gone, too, since a runner that comes back by that ID would get their tokens.
 *
 * @throws {IssuerError} `ERR_RUNNER_IN_USE` without `endSandboxes`, when live sandboxes are assigned to it;
 * `ERR_RUNNER_NOT_FOUND` when there is neither a runner with that ID nor a sandbox of it; those of the registries.
 */
export type EndRunner = (runnerId: string, options: { readonly endSandboxes: boolean }) => Promise<void>

const pageSize = 1000
const endedAtOnce = 16

/** Makes {@link EndRunner}. */
export function createEndRunner({ runners, sandboxes, clock }: EndRunnerDependencies): EndRunner {
  const endSandboxesOf = async (runnerId: string, now: UnixSeconds): Promise<number> => {
    let ended = 0
    let after: string | undefined
    do {
      const query = { limit: pageSize, runnerId, ...(after !== undefined && { after }) }
      const page = await sandboxes.list(query, now)
      const waiting = page.items.values()
      const work = async () => {
        for (const { sandbox_id: sandboxId } of waiting) {
          // It may have been moved to another runner since the page was read.
          const current = await sandboxes.findById(sandboxId, now)
          if (current?.runner_id === runnerId && (await sandboxes.end(sandboxId, now))) ended += 1
        }
      }
      await Promise.all(Array.from({ length: endedAtOnce }, work))
      after = page.next ?? undefined
    } while (after !== undefined)
    return ended
  }

  return async (runnerId, { endSandboxes }) => {
    const now = clock()
    if (!endSandboxes) await assertUnused(sandboxes, runnerId, now)
    const wasThere = await runners.end(runnerId, now)
    const ended = endSandboxes ? await endSandboxesOf(runnerId, now) : 0
    if (!wasThere && ended === 0) {
      throw new IssuerError('ERR_RUNNER_NOT_FOUND', 'there is no runner with that ID')
    }
  }
}

async function assertUnused(
  sandboxes: EndRunnerDependencies['sandboxes'],
  runnerId: string,
  now: UnixSeconds,
): Promise<void> {
  const { items } = await sandboxes.list({ limit: 1, runnerId }, now)
  if (items.length === 0) return
  throw new IssuerError(
    'ERR_RUNNER_IN_USE',
    'sandboxes are assigned to the runner: end or move them first, or ask for them to be ended, too',
  )
}
