import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { START, UUIDS } from '../../test/fixtures.ts'
import { createRegistries, sandboxOf } from '../../test/registries.ts'
import { seconds } from '../time.ts'
import { createListAssignments, type AssignmentSnapshot } from './list-assignments.ts'
import { noteEndedAssignments } from './note-ended-assignments.ts'

const RUNNERS = ['r-1', 'r-2']
const change = fc.constantFrom('register on r-1', 'register on r-2', 'move to r-1', 'move to r-2', 'end')
const plan = fc.record({
  // What happens to each of three sandboxes, one after the other; what happens to different ones is at the same time.
  changes: fc.array(fc.array(change, { maxLength: 6 }), { minLength: 3, maxLength: 3 }),
  questions: fc.array(fc.constantFrom(...RUNNERS), { minLength: 1, maxLength: 12 }),
})

/** One replica whose store answers when the scheduler says so. Its clock stands still, so that snapshots never grow old. */
function createReplica(scheduler: fc.Scheduler) {
  const registries = createRegistries(RUNNERS)
  const { sandboxes: store, ended } = registries
  const slow = {
    ...store,
    register: scheduler.scheduleFunction(store.register),
    replace: scheduler.scheduleFunction(store.replace),
    findById: scheduler.scheduleFunction(store.findById),
    list: scheduler.scheduleFunction(store.list),
    end: scheduler.scheduleFunction(store.end),
  }
  const slowEnded = {
    ...ended,
    put: scheduler.scheduleFunction(ended.put),
    list: scheduler.scheduleFunction(ended.list),
  }
  const { listAssignments, noteChange } = createListAssignments({
    ...{ sandboxes: slow, ended: slowEnded, registryId: () => UUIDS.registry, clock: registries.clock.now },
    ...{ trustedFor: seconds(2), maxRemembered: 1000 },
  })
  const noting = noteEndedAssignments({ sandboxes: slow, ended: slowEnded, onChanged: noteChange })
  return { ...registries, noting, list: listAssignments }
}

describe('createListAssignments with noteEndedAssignments', () => {
  it('shows every finished change at once, and nothing both as live and as ended, in any order of events', async () => {
    await fc.assert(
      fc.asyncProperty(plan, fc.scheduler(), async ({ changes, questions }, scheduler) => {
        const { noting, list, storage } = createReplica(scheduler)
        // How often something began to happen to a sandbox, or ended; odd while it happens.
        const moments = changes.map(() => 0)
        const hosts = changes.map(() => new Set<string>())

        const make = async (index: number, wanted: string) => {
          const id = `sb-${index}`
          const runner = wanted.slice(-3)
          const current = storage.sandboxes.get(id)
          if (wanted === 'end') return noting.end(id, START)
          if (wanted.startsWith('register') === (current !== undefined)) return
          hosts[index]?.add(runner)
          if (current === undefined) return noting.register(sandboxOf(id, { runner_id: runner }), START)
          return noting.replace({ ...current, runner_id: runner, revision: current.revision + 1 }, START)
        }
        const happen = async (index: number, steps: readonly string[]) => {
          for (const step of steps) {
            moments[index] = (moments[index] ?? 0) + 1
            await make(index, step)
            moments[index] += 1
          }
        }
        const assertShown = (snapshot: AssignmentSnapshot, index: number) => {
          const id = `sb-${index}`
          const runner = snapshot.runner_id
          const isLive = storage.sandboxes.get(id)?.runner_id === runner
          const wasHere = hosts[index]?.has(runner) === true
          expect(snapshot.sandboxes.some((record) => record.sandbox_id === id)).toBe(isLive)
          expect(snapshot.ended.some((note) => note.sandbox_id === id)).toBe(wasHere && !isLive)
        }
        const ask = async (runner: string) => {
          const before = [...moments]
          const snapshot = await list(runner)
          const live = new Set(snapshot.sandboxes.map((record) => record.sandbox_id))
          expect(snapshot.ended.filter((note) => live.has(note.sandbox_id))).toEqual([])
          for (const [index, moment] of before.entries()) {
            if (moment % 2 === 0 && moments[index] === moment) assertShown(snapshot, index)
          }
        }
        const askAll = async () => {
          for (const runner of questions) await ask(runner)
        }

        const all = [...changes.map((steps, index) => happen(index, steps)), askAll(), askAll()]
        await scheduler.waitFor(Promise.all(all))
        await scheduler.waitFor(Promise.all(RUNNERS.map(ask)))
      }),
      { seed: 20_260_101, numRuns: 300 },
    )
  }, 60_000)
})
