import type { AssignmentList } from '@workload-identity/api'
import { IssuerError, type Clock, type Seconds } from '@workload-identity/core'
import { IssuerRefusal, type RunnerClient } from '@workload-identity/issuer-client'
import { createAssignmentPoll, type AssignmentPollOptions } from './assignment-poll.ts'
import {
  applyAssignments,
  areConfirmed,
  assertSameRunner,
  confirmAssignments,
  findAssigned,
  findListed,
  NO_ASSIGNMENTS,
  noteAssignmentFailure,
  type AssignedSandbox,
  type AssignmentChange,
  type Assignments,
} from './assignments.ts'
import type { RunnerEvent } from './events.ts'

/** What {@link followAssignments} needs. */
export interface FollowAssignmentsOptions extends Omit<AssignmentPollOptions, 'ask'> {
  readonly client: Pick<RunnerClient, 'listAssignments'>
  readonly clock: Clock
  readonly maxAssignmentAge: Seconds
  readonly runnerId?: string
  /** Told of every answer before anybody who waits for it, and of what it changed. */
  readonly onConfirmed: (change: AssignmentChange | undefined) => void
  readonly onEvent: (event: RunnerEvent) => void
}

/** The assignments as they are now, followed by asking the issuer. */
export interface FollowedAssignments {
  start(): void
  stop(): Promise<void>
  current(): Assignments
  /** Whether they count: the issuer confirmed them less than `maxAssignmentAge` ago, and has not refused this runner since. */
  areConfirmed(): boolean
  /**
   * The sandbox that has the secret with that SHA-256. When none is known, the issuer is asked first: no is said only
   * by assignments that were asked for, and read by the issuer, after the secret was shown.
   *
   * @throws {IssuerError} `ERR_CREDENTIAL_UNKNOWN` then; `ERR_ISSUER_UNAVAILABLE` when the issuer cannot be asked and
   * when the assignments do not count.
   */
  authenticate(secretSha256: string): Promise<AssignedSandbox>
  /** Calls `listener` with every new list, and at once with the one that is known. Gives what ends that. */
  onList(listener: (list: AssignmentList) => void): () => void
}

/** Makes {@link FollowedAssignments} that know nothing and do not run yet. */
export function followAssignments(options: FollowAssignmentsOptions): FollowedAssignments {
  const { client, clock, maxAssignmentAge, nowMs, runnerId, onConfirmed, onEvent } = options
  const listeners = new Set<(list: AssignmentList) => void>()
  let assignments = NO_ASSIGNMENTS

  const tell = (listener: (list: AssignmentList) => void, list: AssignmentList) => {
    try {
      listener(list)
    } catch (error) {
      onEvent({ type: 'listener-failed', error })
    }
  }

  const takeOver = async (askedAtMs: number, isFresh: boolean): Promise<AssignmentChange | undefined> => {
    const answer = await client.listAssignments(assignments.etag, { isFresh })
    if (answer === 'not-modified') {
      assignments = confirmAssignments(assignments, askedAtMs)
      return undefined
    }
    assertSameRunner(runnerId, answer.list)
    const { state, change } = applyAssignments(assignments, answer, askedAtMs)
    assignments = state
    return change
  }

  const poll = createAssignmentPoll({
    ...options,
    async ask(askedAtMs, isFresh) {
      let change: AssignmentChange | undefined
      try {
        change = await takeOver(askedAtMs, isFresh)
      } catch (error) {
        // 401 is the issuer's word that the runner was ended, or its credential replaced. A mistake of any other kind is not.
        assignments = noteAssignmentFailure(
          assignments,
          error instanceof IssuerRefusal && error.status === 401,
        )
        const { failures, isRefused } = assignments
        onEvent({ type: 'assignments-failed', failures, isRefused, error })
        throw toUnavailable(error)
      }
      onConfirmed(change)
      report(change, assignments, onEvent)
      const { list } = assignments
      if (change !== undefined && list !== undefined) for (const listener of listeners) tell(listener, list)
    },
  })

  const confirmed = () => areConfirmed(assignments, nowMs(), maxAssignmentAge * 1000)

  return {
    start: poll.start,
    stop: poll.stop,
    current: () => assignments,
    areConfirmed: confirmed,
    async authenticate(secretSha256) {
      const askedBefore = poll.asked()
      for (;;) {
        if (confirmed()) {
          const sandbox = findAssigned(assignments, secretSha256, clock())
          if (sandbox !== undefined) return sandbox
          if (poll.lastFreshAnswered() > askedBefore) {
            // The issuer lists who lives by its own clock, which is the one that counts: this one may be ahead.
            const listed = findListed(assignments, secretSha256, clock())
            if (listed !== undefined) return listed
            throw unknownSecret()
          }
        }
        await poll.freshAnswer()
      }
    },
    onList(listener) {
      listeners.add(listener)
      if (assignments.list !== undefined) tell(listener, assignments.list)
      return () => void listeners.delete(listener)
    },
  }
}

function report(
  change: AssignmentChange | undefined,
  { sandboxes, list }: Assignments,
  onEvent: (event: RunnerEvent) => void,
): void {
  onEvent({ type: 'assignments-confirmed', sandboxes: sandboxes.size, changed: change !== undefined })
  if (change === undefined || list === undefined) return
  const { added, gone, ended, formerRegistry } = change
  onEvent({ type: 'assignments-changed', added: added.length, gone: gone.length, ended: ended.length })
  if (formerRegistry !== undefined) {
    onEvent({ type: 'registry-changed', from: formerRegistry, to: list.registry_id })
  }
}

function unknownSecret(): IssuerError {
  return new IssuerError('ERR_CREDENTIAL_UNKNOWN', 'the secret is not that of a live sandbox of this runner')
}

function toUnavailable(error: unknown): IssuerError {
  return new IssuerError(
    'ERR_ISSUER_UNAVAILABLE',
    'the issuer could not be asked whose secret it is; try again later',
    { cause: error },
  )
}
