import { isIssuerError, type IssuerErrorCode } from '../errors.ts'
import type { EndedAssignment, EndedAssignments } from '../ports/ended-assignments.ts'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'

/** What {@link noteEndedAssignments} is made of. */
export interface NoteEndedAssignmentsOptions {
  readonly sandboxes: SandboxRegistry
  readonly ended: EndedAssignments
  /** Told after every change that may concern a runner's list, whether it was made, refused, or nobody knows. */
  readonly onChanged?: (runnerId: string) => void
}

/**
 * The same registry, that notes for a sandbox with a runner when its assignment ends, before it does: an end and a move at
 * `now`, an expiry ahead of time. A crash in between leaves a note about a sandbox that is alive, which readers leave out;
 * a note that cannot be written leaves the sandbox as it is. When a change was refused, its notes are put right as far as
 * the store can be asked. Of a sandbox that is moved and ended at the same moment, the runner that had it for that moment
 * may never be told.
 *
 * A cache belongs around this one (`cacheSandboxes({ sandboxes: noteEndedAssignments(…) })`), so that it forgets whom it
 * is asked to end also when the note cannot be written.
 */
export function noteEndedAssignments(options: NoteEndedAssignmentsOptions): SandboxRegistry {
  const { sandboxes: store, ended, onChanged } = options

  /** Notes, changes, and tells. */
  const changing = async <T>(planned: PlannedChange, change: () => Promise<T>): Promise<T> => {
    const { notes, touched, now } = planned
    try {
      if (notes.length > 0) await ended.put(notes)
      return await change().catch(async (error: unknown) => {
        if (isRefusal(error)) await correct(notes, now)
        throw error
      })
    } finally {
      for (const runnerId of touched) onChanged?.(runnerId)
    }
  }

  /** After a refusal: what was noted for a change that was not made may hide the end that is to come. */
  const correct = async (notes: readonly EndedAssignment[], now: UnixSeconds): Promise<void> => {
    if (notes.length === 0) return
    try {
      const ids = new Set(notes.map((note) => note.sandbox_id))
      const current = new Map<string, SandboxRecord | undefined>()
      for (const id of ids) current.set(id, await store.findById(id, now))
      await ended.put(notes.flatMap((note) => correctNote(note, current.get(note.sandbox_id), now)))
    } catch {
      // Whoever asked is told of the refusal; a note that stays wrong is corrected by the next change.
    }
  }

  const findCurrent = async (sandboxId: string, now: UnixSeconds): Promise<SandboxRecord | undefined> => {
    try {
      return await store.findById(sandboxId, now)
    } catch (error) {
      // A record that nobody can read can still be ended.
      if (isIssuerError(error, ...unreadable)) return undefined
      throw error
    }
  }

  return {
    ...store,
    register(record, now) {
      const planned = { notes: noteExpiry(record), touched: runnersOf([record]), now }
      return changing(planned, () => store.register(record, now))
    },
    async registerAll(records, now) {
      const notes = records.flatMap(noteExpiry)
      const planned = { notes, touched: runnersOf(records), now }
      const outcomes = await changing(planned, () => store.registerAll(records, now))
      const refused = records.filter((_, index) => isRefusal(outcomes[index]))
      await correct(refused.flatMap(noteExpiry), now)
      return outcomes
    },
    async replace(record, now) {
      const before = await findCurrent(record.sandbox_id, now)
      const notes = before === undefined ? [] : noteReplacement(before, record, now)
      const planned = { notes, touched: runnersOf([record, ...(before ? [before] : [])]), now }
      return changing(planned, () => store.replace(record, now))
    },
    async end(sandboxId, now) {
      const before = await findCurrent(sandboxId, now)
      if (before === undefined) return store.end(sandboxId, now)
      const planned = { notes: noteEnd(before, now), touched: runnersOf([before]), now }
      return changing(planned, () => store.end(sandboxId, now))
    },
  }
}

interface PlannedChange {
  readonly notes: readonly EndedAssignment[]
  readonly touched: ReadonlySet<string>
  readonly now: UnixSeconds
}

const unreadable: readonly IssuerErrorCode[] = [
  'ERR_STORE_CORRUPT',
  'ERR_SEAL_BROKEN',
  'ERR_SEAL_MISSING',
  'ERR_SEAL_KEY_UNKNOWN',
]

/** Whether it is known that nothing was changed. */
function isRefusal(error: unknown): boolean {
  return error !== undefined && !isIssuerError(error, 'ERR_STORE_UNAVAILABLE')
}

function runnersOf(records: readonly SandboxRecord[]): ReadonlySet<string> {
  return new Set(records.flatMap(({ runner_id: id }) => (id === undefined ? [] : [id])))
}

function noteEnd(record: SandboxRecord, ended_at: UnixSeconds): readonly EndedAssignment[] {
  const { runner_id, sandbox_id } = record
  return runner_id === undefined ? [] : [{ runner_id, sandbox_id, ended_at }]
}

function noteExpiry(record: SandboxRecord): readonly EndedAssignment[] {
  return record.expires_at === undefined ? [] : noteEnd(record, record.expires_at)
}

function noteReplacement(
  before: SandboxRecord,
  record: SandboxRecord,
  now: UnixSeconds,
): readonly EndedAssignment[] {
  const hasMoved = before.runner_id !== record.runner_id
  return [...(hasMoved ? noteEnd(before, now) : []), ...noteExpiry(record)]
}

/** What a note should say of a sandbox as it is. Nothing of one that lives there without an end: a note cannot be taken back. */
function correctNote(
  note: EndedAssignment,
  current: SandboxRecord | undefined,
  now: UnixSeconds,
): readonly EndedAssignment[] {
  if (current?.runner_id === note.runner_id) return noteExpiry(current)
  return [{ ...note, ended_at: now }]
}
