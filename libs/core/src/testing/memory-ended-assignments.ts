import { IssuerError } from '../errors.ts'
import type { EndedAssignment, EndedAssignments } from '../ports/ended-assignments.ts'
import type { UnixSeconds } from '../time.ts'

/** What memory notes made on the same object share, as databases on the same disk would. */
export interface MemoryEndedAssignmentsStorage {
  /** By runner and sandbox, in one text that no other pair has. */
  readonly notes: Map<string, EndedAssignment>
  /** When true, every operation fails as an unreachable store does. */
  unavailable?: boolean
}

/** The reference implementation of {@link EndedAssignments}. */
export function createMemoryEndedAssignments(
  storage: MemoryEndedAssignmentsStorage = { notes: new Map() },
): EndedAssignments {
  const { notes } = storage
  return {
    async put(ended) {
      assertAvailable(storage)
      // An ID has no space.
      for (const note of ended) notes.set(`${note.runner_id} ${note.sandbox_id}`, structuredClone(note))
    },
    async list(runnerId, from, until) {
      assertAvailable(storage)
      const isAsked = (note: EndedAssignment) =>
        note.runner_id === runnerId && from <= note.ended_at && note.ended_at <= until
      const found = [...notes.values()].filter(isAsked)
      found.sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
      return structuredClone(found)
    },
    async removeBefore(moment: UnixSeconds, limit: number) {
      assertAvailable(storage)
      const due = [...notes].filter(([, note]) => note.ended_at < moment).slice(0, limit)
      for (const [key] of due) notes.delete(key)
      return due.length
    },
  }
}

function assertAvailable({ unavailable }: MemoryEndedAssignmentsStorage): void {
  if (unavailable === true) {
    throw new IssuerError('ERR_STORE_UNAVAILABLE', 'the notes in memory were made unavailable')
  }
}
