import type { Assignment, AssignmentList } from '@workload-identity/api'
import { IssuerError, type UnixSeconds } from '@workload-identity/core'

/** A sandbox that is assigned to this runner. */
export interface AssignedSandbox {
  readonly assignment: Assignment
  /**
   * Counts what the claims of its tokens follow from: a token that was asked for in another era is not what the issuer
   * would give now, or is that of an earlier sandbox of this ID.
   */
  readonly era: number
}

/** What a runner knows of its assignments. Values never change: what is learned gives a new state. */
export interface Assignments {
  /** The list as the issuer gave it; absent = it never did. */
  readonly list?: AssignmentList
  /** The tag of that list, for conditional questions. */
  readonly etag?: string
  /** When the question was asked that the issuer last answered with this list, in milliseconds that never go back. */
  readonly confirmedAtMs?: number
  /** How many questions failed since. */
  readonly failures: number
  /** Whether the issuer has said since that it knows no such runner: one that is there and says no is not away. */
  readonly isRefused: boolean
  readonly sandboxes: ReadonlyMap<string, AssignedSandbox>
  /** By the SHA-256 of a secret. */
  readonly bySecret: ReadonlyMap<string, AssignedSandbox>
  /** The latest era. */
  readonly era: number
}

/** What a list changed. */
export interface AssignmentChange {
  /** IDs that were not assigned before. */
  readonly added: readonly string[]
  /** IDs that are no longer assigned. The issuer's word on who may get tokens; it does not say that they ended. */
  readonly gone: readonly string[]
  /** IDs whose tokens would have other claims, or would be granted otherwise, than before. */
  readonly changed: readonly string[]
  /** IDs that the issuer lists as ended and did not before. */
  readonly ended: readonly string[]
  /** The registry of the list before, when it was another one. */
  readonly formerRegistry?: string
}

/** The state of a runner that knows nothing yet. */
export const NO_ASSIGNMENTS: Assignments = {
  failures: 0,
  isRefused: false,
  sandboxes: new Map(),
  bySecret: new Map(),
  era: 0,
}

/** A list as the issuer gave it. */
export interface AssignmentAnswer {
  readonly etag: string
  readonly list: AssignmentList
}

/**
 * Takes over a list that was asked for at `askedAtMs`. Pure; 10,000 sandboxes take some milliseconds. What it does not hold is gone for
 * minting, whatever the reason: the issuer confirmed it. A list of another registry is one whose predecessor was given
 * up on purpose, since an issuer that merely lost its registry answers 503; everything in it begins a new era.
 *
 * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when it is the list of another runner than the one before: credentials
 * were mixed up, and nobody can tell whose sandboxes these are. Nothing is taken over.
 */
export function applyAssignments(
  state: Assignments,
  { etag, list }: AssignmentAnswer,
  askedAtMs: number,
): { readonly state: Assignments; readonly change: AssignmentChange } {
  assertSameRunner(state.list?.runner_id, list)
  const formerRegistry =
    state.list !== undefined && state.list.registry_id !== list.registry_id
      ? state.list.registry_id
      : undefined
  const era = state.era + 1
  const added: string[] = []
  const changed: string[] = []
  const sandboxes = new Map<string, AssignedSandbox>()
  const bySecret = new Map<string, AssignedSandbox>()
  for (const assignment of list.sandboxes) {
    const id = assignment.sandbox_id
    const former = state.sandboxes.get(id)
    const isSame =
      former !== undefined && formerRegistry === undefined && givesSameTokens(former.assignment, assignment)
    if (former === undefined) added.push(id)
    else if (!isSame) changed.push(id)
    const sandbox = { assignment, era: isSame ? former.era : era }
    sandboxes.set(id, sandbox)
    for (const { sha256 } of assignment.secrets) {
      const rival = bySecret.get(sha256)
      if (rival === undefined || validUntil(rival, sha256) <= validUntil(sandbox, sha256)) {
        bySecret.set(sha256, sandbox)
      }
    }
  }
  const gone = [...state.sandboxes.keys()].filter((id) => !sandboxes.has(id))
  const ended = newlyEnded(state.list, list)
  return {
    state: { list, etag, confirmedAtMs: askedAtMs, failures: 0, isRefused: false, sandboxes, bySecret, era },
    change: { added, gone, changed, ended, ...(formerRegistry !== undefined && { formerRegistry }) },
  }
}

/**
 * Takes note that the issuer, asked at `askedAtMs`, has nothing else to say.
 *
 * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when it never said anything.
 */
export function confirmAssignments(state: Assignments, askedAtMs: number): Assignments {
  if (state.list === undefined) {
    throw new IssuerError(
      'ERR_ISSUER_UNAVAILABLE',
      'the issuer says that the assignments did not change, but it never gave any',
    )
  }
  const confirmedAtMs = Math.max(askedAtMs, state.confirmedAtMs ?? askedAtMs)
  return { ...state, confirmedAtMs, failures: 0, isRefused: false }
}

/**
 * Takes note that the issuer could not be asked, or that it refused this runner. In an outage what is known goes on counting
 * until it is too old. After a refusal it does not, whatever fails then, until the issuer confirms it again.
 */
export function noteAssignmentFailure(state: Assignments, isRefusal: boolean): Assignments {
  return { ...state, failures: state.failures + 1, isRefused: state.isRefused || isRefusal }
}

/** Whether assignments count at `nowMs`: confirmed less than `maxAgeMs` ago, and not refused since. */
export function areConfirmed(state: Assignments, nowMs: number, maxAgeMs: number): boolean {
  const { confirmedAtMs, isRefused } = state
  return !isRefused && confirmedAtMs !== undefined && nowMs - confirmedAtMs < maxAgeMs
}

/** The sandbox that has the secret with that SHA-256 at `now`. Whether the assignments count is the caller's to ask. */
export function findAssigned(
  state: Assignments,
  sha256: string,
  now: UnixSeconds,
): AssignedSandbox | undefined {
  const sandbox = findListed(state, sha256, now)
  return now < (sandbox?.assignment.expires_at ?? Infinity) ? sandbox : undefined
}

/** The same, also when its lease is over by the clock of this machine: of what the issuer lists just now it is not. */
export function findListed(
  { bySecret }: Assignments,
  sha256: string,
  now: UnixSeconds,
): AssignedSandbox | undefined {
  const sandbox = bySecret.get(sha256)
  return sandbox !== undefined && now < validUntil(sandbox, sha256) ? sandbox : undefined
}

/**
 * Checks that a list is that of this runner.
 *
 * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` naming both.
 */
export function assertSameRunner(runnerId: string | undefined, list: AssignmentList): void {
  if (runnerId === undefined || runnerId === list.runner_id) return
  throw new IssuerError(
    'ERR_ISSUER_UNAVAILABLE',
    'the credentials are those of another runner; set those of this one and start it again',
    { details: { runner_id: runnerId, listed_runner_id: list.runner_id } },
  )
}

/** Two sandboxes may have had a secret one after the other: the one that has it for longer is the one that has it now. */
function validUntil({ assignment }: AssignedSandbox, sha256: string): number {
  const times = assignment.secrets
    .filter((secret) => secret.sha256 === sha256)
    .map((secret) => secret.valid_until ?? Infinity)
  return Math.max(...times)
}

/** Secrets, files and the end of a lease leave tokens as they are: a renewed lease must not empty the cache. */
function givesSameTokens(one: Assignment, other: Assignment): boolean {
  return (
    one.app === other.app &&
    one.subject === other.subject &&
    one.max_ttl === other.max_ttl &&
    one.allowed_audiences?.join('\n') === other.allowed_audiences?.join('\n')
  )
}

function newlyEnded(former: AssignmentList | undefined, list: AssignmentList): readonly string[] {
  const known = new Map(former?.ended.map(({ sandbox_id, ended_at }) => [sandbox_id, ended_at]))
  return list.ended
    .filter(({ sandbox_id, ended_at }) => known.get(sandbox_id) !== ended_at)
    .map(({ sandbox_id }) => sandbox_id)
}
