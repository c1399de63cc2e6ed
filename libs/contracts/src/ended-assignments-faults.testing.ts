import { unixSeconds, type EndedAssignment, type EndedAssignments } from '@workload-identity/core'
import {
  createMemoryEndedAssignments,
  type MemoryEndedAssignmentsStorage,
} from '@workload-identity/core/testing'
import type { EndedAssignmentsHarness } from './ended-assignments-harness.ts'

/** Makes notes on a memory storage. */
export type PlantNotes = (storage: MemoryEndedAssignmentsStorage) => EndedAssignments

/** Notes with one planted fault and the cases that must find it. */
export interface BrokenNotes {
  readonly fault: string
  /** Exactly these cases fail. */
  readonly found: readonly string[]
  readonly plant: PlantNotes
}

/** A harness whose handles share one memory storage. */
export async function memoryNotesHarness(
  plant: PlantNotes = createMemoryEndedAssignments,
): Promise<EndedAssignmentsHarness> {
  const storage: MemoryEndedAssignmentsStorage = { notes: new Map() }
  return {
    open: async () => plant(storage),
    reopen: async () => plant(storage),
    makeUnavailable: async () => {
      storage.unavailable = true
    },
    destroy: async () => undefined,
  }
}

function faulty(
  change: (sound: EndedAssignments, storage: MemoryEndedAssignmentsStorage) => Partial<EndedAssignments>,
): PlantNotes {
  return (storage) => {
    const sound = createMemoryEndedAssignments(storage)
    return { ...sound, ...change(sound, storage) }
  }
}

const plus = (moment: number, change: number) => unixSeconds(Math.max(0, moment + change))
const keyOf = ({ runner_id, sandbox_id }: EndedAssignment) => `${runner_id} ${sandbox_id}`

/** Faults of notes about ended assignments. */
export const endedAssignmentsFaults: readonly BrokenNotes[] = [
  {
    fault: 'has a note before there is any',
    plant: faulty(({ list }, { notes }) => ({
      list: async (runner_id, from, until) =>
        notes.size === 0
          ? [{ runner_id, sandbox_id: 'a', ended_at: until }]
          : await list(runner_id, from, until),
    })),
    found: [
      'put: gives back a note as it was put, and nothing of what was never put',
      'removeBefore: removes no more than the limit and gives their number, call by call',
    ],
  },
  {
    fault: 'a note is never replaced',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        for (const note of ended) if (!notes.has(keyOf(note))) await put([note])
      },
    })),
    found: [
      'put: replaces an earlier note about the same runner and sandbox, also by an earlier moment',
      'put: keeps the last of two notes about the same runner and sandbox in one call',
      'put: is seen by a second handle on the same storage, and what that puts by the first',
      'removeBefore: goes by the moment of the last note, and lets what it removed be put again',
    ],
  },
  {
    fault: 'a note is replaced by a later one only',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        for (const note of ended)
          if ((notes.get(keyOf(note))?.ended_at ?? 0) <= note.ended_at) await put([note])
      },
    })),
    found: [
      'put: replaces an earlier note about the same runner and sandbox, also by an earlier moment',
      'put: keeps the last of two notes about the same runner and sandbox in one call',
      'removeBefore: goes by the moment of the last note, and lets what it removed be put again',
    ],
  },
  {
    fault: 'every handle has notes of its own',
    plant: (storage) =>
      createMemoryEndedAssignments({
        notes: new Map(),
        get unavailable() {
          return storage.unavailable === true
        },
      }),
    found: [
      'put: is seen by a second handle on the same storage, and what that puts by the first',
      'put: keeps 1000 notes of one call',
      'put: keeps the notes of concurrent calls',
      'removeBefore: removes what ended before the moment, of every runner, and nothing that ended at it',
    ],
  },
  {
    fault: 'a call replaces all notes',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        notes.clear()
        await put(ended)
      },
    })),
    found: [
      'put: replaces an earlier note about the same runner and sandbox, also by an earlier moment',
      'put: takes none at all and changes nothing',
      'put: keeps the notes of concurrent calls',
    ],
  },
  {
    fault: 'a call puts the first hundred only',
    plant: faulty(({ put }) => ({ put: (ended) => put(ended.slice(0, 100)) })),
    found: ['put: keeps 1000 notes of one call'],
  },
  {
    fault: 'a list begins after its first moment',
    plant: faulty(({ list }) => ({ list: (id, from, until) => list(id, plus(from, 1), until) })),
    found: [
      'list: gives what ended at the first and at the last moment asked for, nothing one second outside',
    ],
  },
  {
    fault: 'a list ends before its last moment',
    plant: faulty(({ list }) => ({ list: (id, from, until) => list(id, from, plus(until, -1)) })),
    found: [
      'list: gives what ended at the first and at the last moment asked for, nothing one second outside',
    ],
  },
  {
    fault: 'a list has no bounds',
    plant: faulty(({ list }) => ({ list: (id) => list(id, plus(0, 0), plus(9_000_000_000, 0)) })),
    found: [
      'put: replaces an earlier note about the same runner and sandbox, also by an earlier moment',
      'list: gives what ended at the first and at the last moment asked for, nothing one second outside',
    ],
  },
  {
    fault: 'a list is ordered by moment',
    plant: faulty(({ list }) => ({
      list: async (id, from, until) =>
        (await list(id, from, until)).toSorted((left, right) => left.ended_at - right.ended_at),
    })),
    found: [
      'put: replaces an earlier note about the same runner and sandbox, also by an earlier moment',
      'put: is seen by a second handle on the same storage, and what that puts by the first',
      'list: orders by sandbox ID as ASCII text, whatever characters IDs have and whenever they ended',
    ],
  },
  {
    fault: 'runners are compared without regard to case',
    plant: faulty(({ list, put }) => ({
      put: (ended) => put(ended.map((note) => ({ ...note, runner_id: note.runner_id.toLowerCase() }))),
      list: (id, from, until) => list(id.toLowerCase(), from, until),
    })),
    found: ['list: gives each runner its own notes, whatever characters the IDs of runners have'],
  },
  {
    fault: 'the IDs of a pair are joined without a sign between them',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        for (const note of ended) {
          for (const [key, other] of notes)
            if (keyOf(other).replace(' ', '') === keyOf(note).replace(' ', '')) notes.delete(key)
          await put([note])
        }
      },
    })),
    found: ['list: tells pairs apart whose IDs make the same text when joined'],
  },
  {
    fault: 'removes what ended at the moment',
    plant: faulty(({ removeBefore }) => ({
      removeBefore: (moment, limit) => removeBefore(plus(moment, 1), limit),
    })),
    found: [
      'removeBefore: removes what ended before the moment, of every runner, and nothing that ended at it',
      'removeBefore: goes by the moment of the last note, and lets what it removed be put again',
    ],
  },
  {
    fault: 'removes without a limit',
    plant: faulty(({ removeBefore }) => ({ removeBefore: (moment) => removeBefore(moment, 1_000_000) })),
    found: ['removeBefore: removes no more than the limit and gives their number, call by call'],
  },
  {
    fault: 'never tells how many it removed',
    plant: faulty(({ removeBefore }) => ({
      removeBefore: async (moment, limit) => {
        await removeBefore(moment, limit)
        return 0
      },
    })),
    found: [
      'removeBefore: removes what ended before the moment, of every runner, and nothing that ended at it',
      'removeBefore: removes no more than the limit and gives their number, call by call',
      'removeBefore: goes by the moment of the last note, and lets what it removed be put again',
    ],
  },
  {
    fault: 'looks empty when it cannot be reached',
    plant: faulty(({ list }) => ({ list: (id, from, until) => list(id, from, until).catch(() => []) })),
    found: [
      'failure: every operation is rejected with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    ],
  },
  {
    fault: 'refuses a call without notes',
    plant: faulty(({ put }) => ({
      put: async (ended) => {
        if (ended.length === 0) throw new TypeError('nothing to put')
        await put(ended)
      },
    })),
    found: ['put: takes none at all and changes nothing'],
  },
]
