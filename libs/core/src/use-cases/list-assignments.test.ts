import { describe, expect, it } from 'vitest'
import { after, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { createRegistries, sandboxOf } from '../../test/registries.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import type { RegistryPage } from '../ports/registry.ts'
import { seconds } from '../time.ts'
import { createListAssignments, type ListAssignmentsDependencies } from './list-assignments.ts'
import { noteEndedAssignments } from './note-ended-assignments.ts'

const HOUR = 3600

/** A replica: its registry, which notes ends, and its lists. `reads` counts the pages that were read. */
function createReplica(
  registries = createRegistries(['r-1', 'r-2']),
  changes: Partial<ListAssignmentsDependencies> = {},
) {
  const state = { reads: 0, registryId: UUIDS.registry as string }
  const { listAssignments, noteChange } = createListAssignments({
    ...{ ended: registries.ended, clock: registries.clock.now, registryId: () => state.registryId },
    ...{ trustedFor: seconds(2), maxRemembered: 10_000 },
    sandboxes: {
      list(query, now) {
        state.reads += 1
        return registries.sandboxes.list(query, now)
      },
    },
    ...changes,
  })
  const sandboxes = noteEndedAssignments({ ...registries, onChanged: noteChange })
  return { ...registries, store: registries.sandboxes, sandboxes, list: listAssignments, noteChange, state }
}

/** IDs of what is live and of what ended. */
const shown = ({ sandboxes, ended }: Awaited<ReturnType<ReturnType<typeof createReplica>['list']>>) => [
  sandboxes.map((record) => record.sandbox_id),
  ended.map((note) => `${note.sandbox_id} ${note.ended_at - START}`),
]

describe('createListAssignments', () => {
  it('gives what is live and what ended of one runner, and from which registry', async () => {
    const { sandboxes, list, clock } = createReplica()
    await sandboxes.registerAll(
      ['b', 'a', 'c'].map((id) => sandboxOf(id)),
      START,
    )
    await sandboxes.register(sandboxOf('d', { runner_id: 'r-2' }), START)
    await sandboxes.end('c', START)
    await sandboxes.end('d', START)
    clock.set(after(5))
    await expect(list('r-1')).resolves.toEqual({
      ...{ runner_id: 'r-1', registry_id: UUIDS.registry },
      sandboxes: [sandboxOf('a'), sandboxOf('b')],
      ended: [{ runner_id: 'r-1', sandbox_id: 'c', ended_at: START }],
    })
    await expect(list('r-3')).resolves.toMatchObject({ sandboxes: [], ended: [] })
  })

  it.each([999, 1000, 1001, 2001])('gives all of %i sandboxes, page by page', async (count) => {
    const { storage, list, state } = createReplica()
    const ids = Array.from({ length: count }, (_, index) => `sb-${String(index).padStart(4, '0')}`)
    for (const id of ids) storage.sandboxes.set(id, sandboxOf(id))
    expect((await list('r-1')).sandboxes.map((record) => record.sandbox_id)).toEqual(ids)
    expect(state.reads).toBe(Math.ceil(count / 1000))
  })

  it('reads again for who wants it fresh, and shares no reading that began before', async () => {
    const { store, list, state } = createReplica()
    await store.register(sandboxOf('a'), START)
    const first = await list('r-1')
    await store.register(sandboxOf('b'), START)
    await expect(list('r-1')).resolves.toBe(first)
    const fresh = [list('r-1', { isFresh: true }), list('r-1', { isFresh: true })]
    for (const snapshot of await Promise.all(fresh)) expect(shown(snapshot)).toEqual([['a', 'b'], []])
    expect(state.reads).toBe(3)
    expect(shown(await list('r-1'))).toEqual([['a', 'b'], []])
  })

  it('reads for a runner that wants it fresh without end but once at a time, and each time after it asked', async () => {
    const registries = createRegistries(['r-1'])
    let [reads, atOnce, most] = [0, 0, 0]
    const { store, list } = createReplica(registries, {
      sandboxes: {
        async list(query, now) {
          ;[reads, atOnce] = [reads + 1, atOnce + 1]
          most = Math.max(most, atOnce)
          await new Promise((resolve) => setImmediate(resolve))
          atOnce -= 1
          return registries.sandboxes.list(query, now)
        },
      },
    })
    const early = Array.from({ length: 50 }, () => list('r-1', { isFresh: true }))
    await new Promise((resolve) => setImmediate(resolve))
    await store.register(sandboxOf('a'), START)
    const late = Array.from({ length: 50 }, () => list('r-1', { isFresh: true }))
    for (const snapshot of await Promise.all(late)) expect(shown(snapshot)).toEqual([['a'], []])
    await Promise.all(early)
    expect(most).toBe(1)
    expect(reads).toBeLessThanOrEqual(3)
  })

  it('fails the fresh reading of nobody because an earlier one failed', async () => {
    const { storage, list } = createReplica()
    storage.unavailable = true
    const first = list('r-1', { isFresh: true }).finally(() => (storage.unavailable = false))
    const second = list('r-1', { isFresh: true })
    await expect(first).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(shown(await second)).toEqual([[], []])
  })

  it('gives the same object for a fresh reading that finds nothing else', async () => {
    const { store, list } = createReplica()
    await store.register(sandboxOf('a'), START)
    await expect(list('r-1')).resolves.toBe(await list('r-1', { isFresh: true }))
  })

  describe('what ended', () => {
    it('is told up to 20,000, the latest ones', async () => {
      const { storage, ended, list, clock } = createReplica()
      storage.sandboxes.clear()
      const idOf = (index: number) => `sb-${String(index).padStart(5, '0')}`
      // The first ones ended last; three of them in the same second as the last one that is told.
      const notes = Array.from({ length: 20_002 }, (_, index) => ({
        ...{ runner_id: 'r-1', sandbox_id: idOf(index) },
        ended_at: after(index < 19_998 ? 2 : 1),
      }))
      await ended.put(notes)
      clock.set(after(5))
      const told = (await list('r-1')).ended.map((note) => note.sandbox_id)
      expect(told).toEqual(notes.slice(0, 20_000).map((note) => note.sandbox_id))
      await ended.put([{ runner_id: 'r-1', sandbox_id: 'z', ended_at: after(4) }])
      clock.set(after(10))
      const later = (await list('r-1')).ended.map((note) => note.sandbox_id)
      expect(later).toHaveLength(20_000)
      expect(later.slice(-2)).toEqual([idOf(19_998), 'z'])
    })

    it.each([
      [26 * HOUR, ['a 0']],
      [26 * HOUR + 1, []],
    ])('is told for 26 hours (%i s later)', async (later, ended) => {
      const { sandboxes, list, clock } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      await sandboxes.end('a', START)
      clock.set(after(later))
      expect(shown(await list('r-1'))).toEqual([[], ended])
    })

    it.each([
      [59, [['a'], []]],
      [60, [[], ['a 60']]],
      [61, [[], ['a 60']]],
    ])('of a sandbox that expires after 60 s is so %i s later: %j', async (later, expected) => {
      const { sandboxes, list, clock } = createReplica()
      await sandboxes.register(sandboxOf('a', { expires_at: after(60) }), START)
      clock.set(after(later))
      expect(shown(await list('r-1'))).toEqual(expected)
    })

    it('holds no sandbox whose lease is renewed, and it when it ends at last', async () => {
      const { sandboxes, list, clock } = createReplica()
      let record = sandboxOf('a', { expires_at: after(60) })
      await sandboxes.register(record, START)
      for (const now of [50, 100, 150]) {
        clock.set(after(now))
        record = { ...record, expires_at: after(now + 60), revision: record.revision + 1 }
        await sandboxes.replace(record, clock.now())
        expect(shown(await list('r-1'))).toEqual([['a'], []])
      }
      clock.set(after(210))
      expect(shown(await list('r-1'))).toEqual([[], ['a 210']])
    })

    it('holds no sandbox that is registered again, or that was to expire and no longer does', async () => {
      const { sandboxes, list, clock } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      await sandboxes.end('a', START)
      await sandboxes.register(sandboxOf('a'), START)
      await sandboxes.register(sandboxOf('b', { expires_at: after(60) }), START)
      await sandboxes.replace(sandboxOf('b', { revision: 2 }), START)
      clock.set(after(90))
      expect(shown(await list('r-1'))).toEqual([['a', 'b'], []])
    })

    it('follows a sandbox that is moved away and back', async () => {
      const { sandboxes, list, clock } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      clock.set(after(10))
      await sandboxes.replace(sandboxOf('a', { runner_id: 'r-2', revision: 2 }), clock.now())
      expect([shown(await list('r-1')), shown(await list('r-2'))]).toEqual([
        [[], ['a 10']],
        [['a'], []],
      ])
      await sandboxes.replace(sandboxOf('a', { revision: 3 }), clock.now())
      expect([shown(await list('r-1')), shown(await list('r-2'))]).toEqual([
        [['a'], []],
        [[], ['a 10']],
      ])
    })

    it('is read before what is live, so that nothing live is told as ended', async () => {
      const registries = createRegistries()
      const { sandboxes, ended, clock } = registries
      const replica = createReplica(registries, {
        ended: {
          async list(runnerId, from, until) {
            const notes = await ended.list(runnerId, from, until)
            // Away when the notes are read, and back before the sandboxes are.
            await replica.sandboxes.replace(sandboxOf('a', { revision: 3 }), clock.now())
            return notes
          },
        },
      })
      await sandboxes.register(sandboxOf('a'), START)
      await replica.sandboxes.replace(sandboxOf('a', { runner_id: 'r-2', revision: 2 }), START)
      expect(shown(await replica.list('r-1'))).toEqual([['a'], []])
    })
  })

  describe('a snapshot', () => {
    it('is given again for 2 seconds, and the same one as long as it is equal', async () => {
      const { list, clock, state, sandboxes } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      const first = await list('r-1')
      for (const [later, reads] of [
        [0, 1],
        [1, 1],
        [2, 2],
        [3, 2],
        [4, 3],
      ] as const) {
        clock.set(after(later))
        expect(await list('r-1')).toBe(first)
        expect(state.reads).toBe(reads)
      }
    })

    it('is another one when a record, a note or the registry is another', async () => {
      const { list, clock, state, sandboxes, ended } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      const seen = new Set([await list('r-1')])
      await sandboxes.replace(sandboxOf('a', { max_ttl: 60, revision: 2 }), START)
      seen.add(await list('r-1'))
      await ended.put([{ runner_id: 'r-1', sandbox_id: 'z', ended_at: START }])
      clock.set(after(2))
      seen.add(await list('r-1'))
      state.registryId = UUIDS.ring
      seen.add(await list('r-1'))
      expect(seen.size).toBe(4)
    })

    it('is not given again when something of the runner changed here, and is for others', async () => {
      const { list, state, sandboxes } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      await Promise.all([list('r-1'), list('r-2')])
      await sandboxes.end('a', START)
      expect(shown(await list('r-1'))).toEqual([[], ['a 0']])
      await list('r-2')
      expect(state.reads).toBe(3)
    })

    it('is not trusted when the clock was put back', async () => {
      const { list, clock, state } = createReplica()
      await list('r-1')
      clock.set(after(-1))
      await list('r-1')
      expect(state.reads).toBe(2)
    })

    it('shows a change on another replica 2 seconds later', async () => {
      const shared = createRegistries()
      const [here, there] = [createReplica(shared), createReplica(shared)]
      await there.sandboxes.register(sandboxOf('a'), START)
      await here.list('r-1')
      await there.sandboxes.end('a', START)
      here.clock.set(after(1))
      expect(shown(await here.list('r-1'))).toEqual([['a'], []])
      here.clock.set(after(2))
      expect(shown(await here.list('r-1'))).toEqual([[], ['a 0']])
    })

    it('is no answer while the store cannot be reached, and fails nobody afterwards', async () => {
      const { list, clock, storage, sandboxes } = createReplica()
      await sandboxes.register(sandboxOf('a'), START)
      const first = await list('r-1')
      storage.unavailable = true
      clock.set(after(2))
      await expect(list('r-1')).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
      storage.unavailable = false
      expect(await list('r-1')).toBe(first)
    })

    it('is of one registry: none is given that changed while it was read', async () => {
      const registries = createRegistries()
      const { list, state } = createReplica(registries, {
        ended: {
          async list() {
            state.registryId = UUIDS.ring
            return []
          },
        },
      })
      await expect(list('r-1')).rejects.toEqual(withCode('ERR_REGISTRY_LOST'))
      await expect(list('r-1')).resolves.toMatchObject({ registry_id: UUIDS.ring })
    })
  })

  describe('while a reading is under way', () => {
    /** Readings that end when they are told to, in any order. */
    function createSlow() {
      const pages: ReturnType<typeof Promise.withResolvers<RegistryPage<SandboxRecord>>>[] = []
      const replica = createReplica(createRegistries(), {
        sandboxes: {
          list() {
            const page = Promise.withResolvers<RegistryPage<SandboxRecord>>()
            pages.push(page)
            return page.promise
          },
        },
      })
      const answer = (index: number, ...ids: string[]) =>
        pages[index]?.resolve({ items: ids.map((id) => sandboxOf(id)), next: null })
      const begun = (count: number) => expect.poll(() => pages.length).toBe(count)
      return { ...replica, pages, answer, begun }
    }

    it('shares it with whoever asks for the same runner', async () => {
      const { list, answer, begun, pages } = createSlow()
      const asked = [list('r-1'), list('r-1'), list('r-1')]
      await begun(1)
      answer(0, 'a')
      const [first, ...others] = await Promise.all(asked)
      expect(others).toEqual([first, first])
      expect(await list('r-1')).toBe(first)
      expect(pages).toHaveLength(1)
    })

    it('reads again for whoever asks after a change, and keeps nothing of the earlier reading', async () => {
      const { list, answer, begun, noteChange } = createSlow()
      const before = list('r-1')
      await begun(1)
      noteChange('r-1')
      const afterwards = list('r-1')
      await begun(2)
      answer(0, 'old')
      expect(shown(await before)).toEqual([['old'], []])
      const shared = list('r-1')
      answer(1, 'new')
      expect(shown(await afterwards)).toEqual([['new'], []])
      expect(await shared).toBe(await afterwards)
      expect(await list('r-1')).toBe(await afterwards)
    })

    it('does not give its result again when something changed in the meantime', async () => {
      const { list, answer, begun, noteChange } = createSlow()
      const before = list('r-1')
      await begun(1)
      noteChange('r-1')
      answer(0, 'old')
      await before
      const afterwards = list('r-1')
      await begun(2)
      answer(1, 'new')
      expect(shown(await afterwards)).toEqual([['new'], []])
    })

    it('keeps the later of two readings when the earlier one ends last', async () => {
      const { list, answer, begun, noteChange, pages } = createSlow()
      const before = list('r-1')
      await begun(1)
      noteChange('r-1')
      const afterwards = list('r-1')
      await begun(2)
      answer(1, 'new')
      await afterwards
      answer(0, 'old')
      await before
      expect(await list('r-1')).toBe(await afterwards)
      expect(pages).toHaveLength(2)
    })

    it('does not wait for one that began 2 seconds ago', async () => {
      const { list, answer, begun, clock } = createSlow()
      const hanging = list('r-1')
      await begun(1)
      clock.set(after(2))
      const later = list('r-1')
      await begun(2)
      answer(1, 'new')
      expect(shown(await later)).toEqual([['new'], []])
      answer(0, 'old')
      await hanging
      expect(await list('r-1')).toBe(await later)
    })

    it('fails all who share it, and nobody who asks later', async () => {
      const { list, answer, begun, pages } = createSlow()
      const asked = Promise.allSettled([list('r-1'), list('r-1')])
      await begun(1)
      pages[0]?.reject(new Error('gone'))
      expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      const later = list('r-1')
      await begun(2)
      answer(1, 'a')
      expect(shown(await later)).toEqual([['a'], []])
    })
  })

  it('remembers no more than it may, and forgets first what was not asked for', async () => {
    const { list, state, storage } = createReplica(undefined, { maxRemembered: 8 })
    for (const runner_id of ['r-1', 'r-2', 'r-3']) {
      for (const index of [1, 2]) {
        const id = `${runner_id}-${index}`
        storage.sandboxes.set(id, sandboxOf(id, { runner_id }))
      }
    }
    // Each takes 3: two sandboxes, and itself.
    for (const runnerId of ['r-1', 'r-2', 'r-1', 'r-3']) await list(runnerId)
    expect(state.reads).toBe(3)
    await list('r-1')
    await list('r-3')
    expect(state.reads).toBe(3)
    await list('r-2')
    expect(state.reads).toBe(4)
  })

  it('remembers nothing of a runner that alone is too large', async () => {
    const { list, state, storage } = createReplica(undefined, { maxRemembered: 8 })
    for (let index = 0; index < 8; index += 1) {
      storage.sandboxes.set(`sb-${index}`, sandboxOf(`sb-${index}`))
    }
    await list('r-1')
    expect((await list('r-1')).sandboxes).toHaveLength(8)
    expect(state.reads).toBe(2)
  })
})
