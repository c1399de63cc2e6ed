import type { EndedAssignment, EndedAssignments } from '@workload-identity/core'

/** About 30 MB of notes. */
const MAX_NOTES = 100_000

/**
 * Notes about ended assignments in the memory of this process, the earliest made given up first beyond `maxNotes`. They do
 * not survive a restart, and other replicas do not see them: a runner then hears nothing of what ended, and leaves
 * files of expired tokens behind. For stores that keep no notes.
 */
export function createProcessEndedAssignments(maxNotes = MAX_NOTES): EndedAssignments {
  const notes = new Map<string, EndedAssignment>()
  const keyOf = ({ runner_id, sandbox_id }: EndedAssignment) => JSON.stringify([runner_id, sandbox_id])
  return {
    async put(ended) {
      for (const note of ended) {
        notes.delete(keyOf(note))
        notes.set(keyOf(note), note)
      }
      for (const key of notes.keys()) {
        if (notes.size <= maxNotes) return
        notes.delete(key)
      }
    },
    async list(runnerId, from, until) {
      return [...notes.values()]
        .filter(({ runner_id, ended_at }) => runner_id === runnerId && from <= ended_at && ended_at <= until)
        .sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
    },
    async removeBefore(moment, limit) {
      let removed = 0
      for (const [key, { ended_at }] of notes) {
        if (removed === limit) break
        if (ended_at >= moment) continue
        notes.delete(key)
        removed += 1
      }
      return removed
    },
  }
}
