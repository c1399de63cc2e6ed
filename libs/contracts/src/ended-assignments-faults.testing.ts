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
    found: [],
  },
  {
    fault: 'a note is never replaced',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        for (const note of ended) if (!notes.has(keyOf(note))) await put([note])
      },
    })),
    found: [],
  },
  {
    fault: 'a note is replaced by a later one only',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        for (const note of ended)
          if ((notes.get(keyOf(note))?.ended_at ?? 0) <= note.ended_at) await put([note])
      },
    })),
    found: [],
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
    found: [],
  },
  {
    fault: 'a call replaces all notes',
    plant: faulty(({ put }, { notes }) => ({
      put: async (ended) => {
        notes.clear()
        await put(ended)
      },
    })),
    found: [],
  },
  {
    fault: 'a call puts the first hundred only',
    plant: faulty(({ put }) => ({ put: (ended) => put(ended.slice(0, 100)) })),
    found: [],
  },
  {
    fault: 'a list begins after its first moment',
    plant: faulty(({ list }) => ({ list: (id, from, until) => list(id, plus(from, 1), until) })),
    found: [],
  },
  {
    fault: 'a list ends before its last moment',
    plant: faulty(({ list }) => ({ list: (id, from, until) => list(id, from, plus(until, -1)) })),
    found: [],
  },
  {
    fault: 'a list has no bounds',
    plant: faulty(({ list }) => ({ list: (id) => list(id, plus(0, 0), plus(9_000_000_000, 0)) })),
    found: [],
  },
  {
    fault: 'a list is ordered by moment',
    plant: faulty(({ list }) => ({
      list: async (id, from, until) =>
        (await list(id, from, until)).toSorted((left, right) => left.ended_at - right.ended_at),
    })),
    found: [],
  },
  {
    fault: 'runners are compared without regard to case',
    plant: faulty(({ list, put }) => ({
      put: (ended) => put(ended.map((note) => ({ ...note, runner_id: note.runner_id.toLowerCase() }))),
      list: (id, from, until) => list(id.toLowerCase(), from, until),
    })),
    found: [],
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
    found: [],
  },
  {
    fault: 'removes what ended at the moment',
    plant: faulty(({ removeBefore }) => ({
      removeBefore: (moment, limit) => removeBefore(plus(moment, 1), limit),
    })),
    found: [],
  },
  {
    fault: 'removes without a limit',
    plant: faulty(({ removeBefore }) => ({ removeBefore: (moment) => removeBefore(moment, 1_000_000) })),
    found: [],
  },
  {
    fault: 'never tells how many it removed',
    plant: faulty(({ removeBefore }) => ({
      removeBefore: async (moment, limit) => {
        await removeBefore(moment, limit)
        return 0
      },
    })),
    found: [],
  },
  {
    fault: 'looks empty when it cannot be reached',
    plant: faulty(({ list }) => ({ list: (id, from, until) => list(id, from, until).catch(() => []) })),
    found: [],
  },
  {
    fault: 'refuses a call without notes',
    plant: faulty(({ put }) => ({
      put: async (ended) => {
        if (ended.length === 0) throw new TypeError('nothing to put')
        await put(ended)
      },
    })),
    found: [],
  },
]
