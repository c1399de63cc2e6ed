import { unixSeconds, type EndedAssignment, type EndedAssignments } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { EndedAssignmentsHarness } from './ended-assignments-harness.ts'
import { awkwardIds, BEFORE, LATER, NOW } from './registry-fixtures.ts'

const START = unixSeconds(0)
const FAR = unixSeconds(4_000_000_000)

/** Every sentence of the `EndedAssignments` port as a named case. */
export const endedAssignmentsCases: readonly ContractCase<EndedAssignmentsHarness>[] = [
  {
    name: 'put: gives back a note as it was put, and nothing of what was never put',
    async run({ open }) {
      const notes = await open()
      expect(await notes.list('r', START, FAR)).toStrictEqual([])
      await notes.put([note('r', 'a')])
      expect(await notes.list('r', START, FAR)).toStrictEqual([
        { runner_id: 'r', sandbox_id: 'a', ended_at: NOW },
      ])
    },
  },
  {
    name: 'put: replaces an earlier note about the same runner and sandbox, also by an earlier moment',
    async run({ open }) {
      const notes = await open()
      await notes.put([note('r', 'a', NOW), note('r', 'b', NOW)])
      await notes.put([note('r', 'a', LATER)])
      expect(await listAll(notes, 'r')).toStrictEqual([note('r', 'a', LATER), note('r', 'b', NOW)])
      await notes.put([note('r', 'a', BEFORE)])
      expect(await listAll(notes, 'r')).toStrictEqual([note('r', 'a', BEFORE), note('r', 'b', NOW)])
      expect(await notes.list('r', LATER, FAR)).toStrictEqual([])
    },
  },
  {
    name: 'put: keeps the last of two notes about the same runner and sandbox in one call',
    async run({ open }) {
      const notes = await open()
      await notes.put([note('r', 'a', LATER), note('r', 'b'), note('r', 'a', BEFORE)])
      expect(await listAll(notes, 'r')).toStrictEqual([note('r', 'a', BEFORE), note('r', 'b')])
    },
  },
  {
    name: 'put: is seen by a second handle on the same storage, and what that puts by the first',
    async run({ open, reopen }) {
      const first = await open()
      await first.put([note('r', 'a')])
      const second = await reopen()
      expect(await listAll(second, 'r')).toStrictEqual([note('r', 'a')])
      await second.put([note('r', 'a', LATER), note('r', 'b')])
      expect(await listAll(first, 'r')).toStrictEqual([note('r', 'a', LATER), note('r', 'b')])
    },
  },
  {
    name: 'put: takes none at all and changes nothing',
    async run({ open }) {
      const notes = await open()
      await notes.put([])
      await notes.put([note('r', 'a')])
      await notes.put([])
      expect(await listAll(notes, 'r')).toStrictEqual([note('r', 'a')])
    },
  },
  {
    name: 'put: keeps 1000 notes of one call',
    async run({ open, reopen }) {
      const many = Array.from({ length: 1000 }, (_, index) => note('r', String(index).padStart(4, '0')))
      const notes = await open()
      await notes.put(many.toReversed())
      expect(await listAll(await reopen(), 'r')).toStrictEqual(many)
    },
  },
  {
    name: 'put: keeps the notes of concurrent calls',
    async run({ open, reopen }) {
      const [first, second] = [await open(), await reopen()]
      const ids = Array.from({ length: 20 }, (_, index) => String(index).padStart(2, '0'))
      await Promise.all(ids.map((id, index) => (index % 2 === 0 ? first : second).put([note('r', id)])))
      expect(await listAll(first, 'r')).toStrictEqual(ids.map((id) => note('r', id)))
    },
  },
  {
    name: 'list: gives what ended at the first and at the last moment asked for, nothing one second outside',
    async run({ open }) {
      const notes = await open()
      await notes.put([note('r', 'a', BEFORE), note('r', 'b', NOW), note('r', 'c', LATER)])
      expect(await idsOf(notes, NOW, LATER)).toStrictEqual(['b', 'c'])
      expect(await idsOf(notes, BEFORE, NOW)).toStrictEqual(['a', 'b'])
      expect(await idsOf(notes, NOW, NOW)).toStrictEqual(['b'])
      expect(await idsOf(notes, LATER, NOW)).toStrictEqual([])
    },
  },
  {
    name: 'list: orders by sandbox ID as ASCII text, whatever characters IDs have and whenever they ended',
    async run({ open }) {
      const notes = await open()
      const all = awkwardIds.map((id, index) => note('r', id, unixSeconds(NOW - index)))
      await notes.put(all.toReversed())
      expect(await listAll(notes, 'r')).toStrictEqual(all)
    },
  },
  {
    name: 'list: gives each runner its own notes, whatever characters the IDs of runners have',
    async run({ open }) {
      const notes = await open()
      const all = awkwardIds.map((id, index) => note(id, 'a', unixSeconds(NOW - index)))
      await notes.put(all)
      for (const one of all) expect(await listAll(notes, one.runner_id)).toStrictEqual([one])
      expect(await listAll(notes, 'a/')).toStrictEqual([])
    },
  },
  {
    name: 'list: tells pairs apart whose IDs make the same text when joined',
    async run({ open }) {
      const notes = await open()
      const pairs = [
        ['a', 'b/c'],
        ['a/b', 'c'],
        ['a', 'b@c'],
        ['a@b', 'c'],
        ['a', 'bc'],
        ['ab', 'c'],
      ] as const
      await notes.put(pairs.map(([runnerId, sandboxId]) => note(runnerId, sandboxId)))
      expect(await listAll(notes, 'a')).toStrictEqual([note('a', 'b/c'), note('a', 'b@c'), note('a', 'bc')])
      for (const runnerId of ['a/b', 'a@b', 'ab'])
        expect(await listAll(notes, runnerId)).toStrictEqual([note(runnerId, 'c')])
    },
  },
  {
    name: 'removeBefore: removes what ended before the moment, of every runner, and nothing that ended at it',
    async run({ open, reopen }) {
      const notes = await open()
      await notes.put([note('r', 'a', BEFORE), note('r', 'b', NOW), note('q', 'a', BEFORE), note('q', 'c')])
      expect(await notes.removeBefore(NOW, 10)).toBe(2)
      expect(await notes.removeBefore(NOW, 10)).toBe(0)
      expect(await listAll(await reopen(), 'r')).toStrictEqual([note('r', 'b')])
      expect(await listAll(notes, 'q')).toStrictEqual([note('q', 'c')])
    },
  },
  {
    name: 'removeBefore: removes no more than the limit and gives their number, call by call',
    async run({ open }) {
      const notes = await open()
      const ids = ['a', 'b', 'c', 'd', 'e']
      await notes.put(ids.map((id) => note('r', id, BEFORE)))
      expect(await notes.removeBefore(NOW, 2)).toBe(2)
      expect(await listAll(notes, 'r')).toHaveLength(3)
      expect(await notes.removeBefore(NOW, 3)).toBe(3)
      expect(await notes.removeBefore(NOW, 3)).toBe(0)
      expect(await listAll(notes, 'r')).toStrictEqual([])
    },
  },
  {
    name: 'removeBefore: goes by the moment of the last note, and lets what it removed be put again',
    async run({ open }) {
      const notes = await open()
      await notes.put([note('r', 'a', BEFORE)])
      await notes.put([note('r', 'a', LATER)])
      expect(await notes.removeBefore(LATER, 10)).toBe(0)
      await notes.put([note('r', 'a', BEFORE)])
      expect(await notes.removeBefore(NOW, 10)).toBe(1)
      await notes.put([note('r', 'a', NOW)])
      expect(await listAll(notes, 'r')).toStrictEqual([note('r', 'a', NOW)])
    },
  },
  {
    name: 'failure: every operation is rejected with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    async run({ open, makeUnavailable }) {
      const notes = await open()
      await notes.put([note('r', 'a', BEFORE)])
      if (makeUnavailable === undefined) return
      await makeUnavailable()
      await expect(notes.list('r', START, FAR)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
      await expect(notes.list('nobody', START, FAR)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
      await expect(notes.put([note('r', 'b')])).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
      await expect(notes.removeBefore(NOW, 10)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
]

function note(runner_id: string, sandbox_id: string, ended_at = NOW): EndedAssignment {
  return { runner_id, sandbox_id, ended_at }
}

function listAll(notes: EndedAssignments, runnerId: string): Promise<readonly EndedAssignment[]> {
  return notes.list(runnerId, START, FAR)
}

async function idsOf(notes: EndedAssignments, from: typeof NOW, until: typeof NOW): Promise<string[]> {
  return (await notes.list('r', from, until)).map(({ sandbox_id }) => sandbox_id)
}
