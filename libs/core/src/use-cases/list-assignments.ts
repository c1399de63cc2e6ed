import { IssuerError } from '../errors.ts'
import { isSameJson } from '../json-equality.ts'
import type { EndedAssignment, EndedAssignments } from '../ports/ended-assignments.ts'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import { addSeconds, seconds, type Clock, type Seconds, type UnixSeconds } from '../time.ts'

/** How long it is told that an assignment ended: longer than any token lives. */
export const ENDED_ASSIGNMENTS_KEPT = seconds(26 * 3600)

/**
 * How many ended assignments a runner is told of at most, the latest ones: they are sent anew with every change. A runner that
 * is not away hears of each within seconds.
 */
export const MAX_ENDED_ASSIGNMENTS_TOLD = 20_000

/** All that a runner has to know of its sandboxes. */
export interface AssignmentSnapshot {
  readonly runner_id: string
  /** The registry it is from. A snapshot of another registry says nothing of who is gone. */
  readonly registry_id: string
  /** Every live sandbox that is assigned to it, by ID. */
  readonly sandboxes: readonly SandboxRecord[]
  /** What was assigned to it within {@link ENDED_ASSIGNMENTS_KEPT} and no longer is, by sandbox ID; at most {@link MAX_ENDED_ASSIGNMENTS_TOLD}. */
  readonly ended: readonly EndedAssignment[]
}

/** How assignments are asked for. */
export interface ListAssignmentsOptions {
  /** Reads again whatever is remembered: for a runner that looks for a sandbox it does not know. */
  readonly isFresh?: boolean
}

/**
 * The assignments of a runner. As long as they are equal, so is the object: what was made of it can be kept by it.
 *
 * @throws {IssuerError} those of the registry and of the notes; never from memory while they cannot be asked.
 */
export type ListAssignments = (
  runnerId: string,
  options?: ListAssignmentsOptions,
) => Promise<AssignmentSnapshot>

/** What {@link createListAssignments} gives. */
export interface AssignmentLists {
  readonly listAssignments: ListAssignments
  /** Must be told after every change to the sandboxes of a runner (see `noteEndedAssignments`). */
  noteChange(runnerId: string): void
}

/** What {@link createListAssignments} needs. */
export interface ListAssignmentsDependencies {
  readonly sandboxes: Pick<SandboxRegistry, 'list'>
  readonly ended: Pick<EndedAssignments, 'list'>
  /** The registry that the key ring records. */
  readonly registryId: () => string
  readonly clock: Clock
  /** How long a snapshot counts without reading again: the time a change on another replica takes to be noticed here. */
  readonly trustedFor: Seconds
  /** About how many sandboxes may be remembered, of all runners together; those least lately asked for go first. */
  readonly maxRemembered: number
}

interface Reading {
  /** The runner's changes that had been noted when the reading began. */
  readonly changes: number
  readonly startedAt: UnixSeconds
  readonly registryId: string
  readonly turn: number
}

interface RunnerLists {
  changes: number
  under?: Reading & { readonly promise: Promise<AssignmentSnapshot> }
  done?: Reading & { readonly snapshot: AssignmentSnapshot }
  /** The reading under way for somebody who wants it fresh, and the one for those who came since it began. */
  fresh?: Promise<AssignmentSnapshot>
  freshNext?: Promise<AssignmentSnapshot>
}

const pageSize = 1000

/** Makes {@link AssignmentLists}. Calls for a runner at the same time share one reading, unless something changed meanwhile. */
export function createListAssignments(dependencies: ListAssignmentsDependencies): AssignmentLists {
  const { clock, registryId, trustedFor, maxRemembered } = dependencies
  // A Map remembers the order of insertion, which is that of the last questions.
  const known = new Map<string, RunnerLists>()
  let remembered = 0
  let turns = 0

  const touch = (runnerId: string): RunnerLists => {
    const lists = known.get(runnerId) ?? { changes: 0 }
    known.delete(runnerId)
    known.set(runnerId, lists)
    return lists
  }
  const forget = (runnerId: string, lists: RunnerLists) => {
    known.delete(runnerId)
    remembered -= sizeOf(lists)
  }
  const shrink = () => {
    for (const [runnerId, lists] of known) {
      if (remembered <= maxRemembered) return
      if (lists.done !== undefined) forget(runnerId, lists)
    }
  }
  const isCurrent = (reading: Reading | undefined, lists: RunnerLists, now: UnixSeconds): boolean => {
    if (reading === undefined || reading.changes !== lists.changes) return false
    if (reading.registryId !== registryId()) return false
    const age = now - reading.startedAt
    return age >= 0 && age < trustedFor
  }

  const read = async (runnerId: string, lists: RunnerLists, reading: Reading) => {
    const fresh = await readSnapshot(dependencies, runnerId, reading)
    const before = lists.done
    const snapshot = before !== undefined && isSameJson(before.snapshot, fresh) ? before.snapshot : fresh
    // A reading that began earlier and took longer says less.
    if (before === undefined || before.turn < reading.turn) {
      const isKnown = known.get(runnerId) === lists
      if (isKnown) remembered -= sizeOf(lists)
      lists.done = { ...reading, snapshot }
      if (isKnown) remembered += sizeOf(lists)
      shrink()
    }
    return snapshot
  }

  const begin = (runnerId: string, lists: RunnerLists): Promise<AssignmentSnapshot> => {
    const reading = {
      ...{ changes: lists.changes, startedAt: clock(), registryId: registryId() },
      turn: (turns += 1),
    }
    const promise = read(runnerId, lists, reading).finally(() => {
      if (lists.under?.turn === reading.turn) delete lists.under
      const isOfNoUse = lists.done === undefined && lists.under === undefined
      if (isOfNoUse && known.get(runnerId) === lists) known.delete(runnerId)
    })
    lists.under = { ...reading, promise }
    return promise
  }

  /**
   * A reading that begins now, or when the one under way is over: that one may have passed the place where another replica
   * has put a sandbox since. One after the other, so that a runner that asks without end has the store read but once at a time.
   */
  const beginFresh = (runnerId: string): Promise<AssignmentSnapshot> => {
    const lists = touch(runnerId)
    if (lists.fresh !== undefined) {
      const isOver = lists.fresh.catch(() => undefined)
      lists.freshNext ??= isOver.then(() => {
        delete lists.freshNext
        return beginFresh(runnerId)
      })
      return lists.freshNext
    }
    lists.fresh = begin(runnerId, lists).finally(() => delete lists.fresh)
    return lists.fresh
  }

  return {
    async listAssignments(runnerId, { isFresh = false } = {}) {
      if (isFresh) return beginFresh(runnerId)
      const now = clock()
      const lists = touch(runnerId)
      const { done, under } = lists
      if (done !== undefined && isCurrent(done, lists, now)) return done.snapshot
      if (under !== undefined && isCurrent(under, lists, now)) return under.promise
      return begin(runnerId, lists)
    },
    noteChange(runnerId) {
      const lists = known.get(runnerId)
      if (lists !== undefined) lists.changes += 1
    },
  }
}

function sizeOf({ done }: RunnerLists): number {
  return done === undefined ? 0 : 1 + done.snapshot.sandboxes.length + done.snapshot.ended.length
}

async function readSnapshot(
  { sandboxes, ended, registryId }: ListAssignmentsDependencies,
  runnerId: string,
  { startedAt: now, registryId: registry }: Reading,
): Promise<AssignmentSnapshot> {
  // Notes first: what was noted and is not live afterwards was gone at that moment. The other way round, a sandbox that is
  // moved away and back would be told as ended while it lives.
  const from = addSeconds(now, seconds(-ENDED_ASSIGNMENTS_KEPT))
  const notes = await ended.list(runnerId, from, now)
  const live = await listAll(sandboxes, runnerId, now)
  if (registryId() !== registry) {
    throw new IssuerError('ERR_REGISTRY_LOST', 'the registry was given up while it was read; ask again')
  }
  const ids = new Set(live.map((record) => record.sandbox_id))
  return {
    runner_id: runnerId,
    registry_id: registry,
    sandboxes: live,
    ended: latest(notes.filter((note) => !ids.has(note.sandbox_id))),
  }
}

/** The latest ends, in the order given. */
function latest(ended: readonly EndedAssignment[]): readonly EndedAssignment[] {
  if (ended.length <= MAX_ENDED_ASSIGNMENTS_TOLD) return ended
  const moments = ended.map((note) => note.ended_at).sort((left, right) => right - left)
  const last = moments[MAX_ENDED_ASSIGNMENTS_TOLD - 1] ?? 0
  // Of those that ended in the same second as the last one, as many as there is room for.
  let room = MAX_ENDED_ASSIGNMENTS_TOLD - moments.filter((moment) => moment > last).length
  return ended.filter((note) => note.ended_at > last || (note.ended_at === last && room-- > 0))
}

async function listAll(
  sandboxes: ListAssignmentsDependencies['sandboxes'],
  runnerId: string,
  now: UnixSeconds,
): Promise<readonly SandboxRecord[]> {
  const items: SandboxRecord[] = []
  let after: string | undefined
  do {
    const query = { limit: pageSize, runnerId, ...(after !== undefined && { after }) }
    const page = await sandboxes.list(query, now)
    items.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  return items
}
