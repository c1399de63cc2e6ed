import { describe, expect, it } from 'vitest'
import { after, START, withCode } from '../../test/fixtures.ts'
import { createRegistries, sandboxOf } from '../../test/registries.ts'
import { IssuerError, type IssuerErrorCode } from '../errors.ts'
import type { EndedAssignments } from '../ports/ended-assignments.ts'
import type { SandboxRegistry } from '../ports/sandbox-registry.ts'
import { hashSecret } from '../secret.ts'
import { seconds } from '../time.ts'
import { cacheSandboxes } from './cache-sandboxes.ts'
import { createChangeSandbox } from './change-sandbox.ts'
import { noteEndedAssignments } from './note-ended-assignments.ts'

const unreachable = async (): Promise<never> => {
  throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
}

function createNoting(
  changes: {
    readonly sandboxes?: Partial<SandboxRegistry>
    readonly ended?: Partial<EndedAssignments>
  } = {},
) {
  const registries = createRegistries(['r-1', 'r-2', 'r-3'])
  const steps: string[] = []
  const changed: string[] = []
  const store: SandboxRegistry = {
    ...registries.sandboxes,
    register: (record, now) => (steps.push('register'), registries.sandboxes.register(record, now)),
    registerAll: (records, now) => (steps.push('all'), registries.sandboxes.registerAll(records, now)),
    replace: (record, now) => (steps.push('replace'), registries.sandboxes.replace(record, now)),
    end: (id, now) => (steps.push('end'), registries.sandboxes.end(id, now)),
    ...changes.sandboxes,
  }
  const sandboxes = noteEndedAssignments({
    sandboxes: store,
    ended: {
      ...registries.ended,
      put: (notes) => (steps.push(`note ${notes.length}`), registries.ended.put(notes)),
      ...changes.ended,
    },
    onChanged: (runnerId) => changed.push(runnerId),
  })
  const notes = () =>
    [...registries.notes.values()].map(
      ({ runner_id, sandbox_id, ended_at }) => `${runner_id} ${sandbox_id} ${ended_at - START}`,
    )
  return { ...registries, sandboxes, steps, changed, noted: notes }
}

describe('noteEndedAssignments', () => {
  it('notes an end before it ends', async () => {
    const { sandboxes, steps, changed, noted } = createNoting()
    await sandboxes.register(sandboxOf('sb-1'), START)
    expect(await sandboxes.end('sb-1', after(7))).toBe(true)
    expect(steps).toEqual(['register', 'note 1', 'end'])
    expect(noted()).toEqual(['r-1 sb-1 7'])
    expect(changed).toEqual(['r-1', 'r-1'])
  })

  it('notes a move for the runner it leaves, before it moves', async () => {
    const { sandboxes, steps, changed, noted } = createNoting()
    await sandboxes.register(sandboxOf('sb-1'), START)
    await sandboxes.replace(sandboxOf('sb-1', { runner_id: 'r-2', revision: 2 }), after(7))
    expect(steps).toEqual(['register', 'note 1', 'replace'])
    expect(noted()).toEqual(['r-1 sb-1 7'])
    expect(changed.slice(1).sort()).toEqual(['r-1', 'r-2'])
  })

  it('notes that a sandbox is taken from its runner, and nothing when it is given to one', async () => {
    const { sandboxes, noted } = createNoting()
    const { runner_id: _none, ...unassigned } = sandboxOf('sb-1')
    await sandboxes.register(unassigned, START)
    await sandboxes.replace(sandboxOf('sb-1', { revision: 2 }), after(1))
    expect(noted()).toEqual([])
    await sandboxes.replace({ ...unassigned, revision: 3 }, after(2))
    expect(noted()).toEqual(['r-1 sb-1 2'])
  })

  it('notes an expiry ahead of time, and moves the note with every renewal', async () => {
    const { sandboxes, runners, storage, clock, steps, noted } = createNoting()
    await sandboxes.register(sandboxOf('sb-1', { expires_at: after(60) }), START)
    expect(steps).toEqual(['note 1', 'register'])
    expect(noted()).toEqual(['r-1 sb-1 60'])
    const change = createChangeSandbox({ sandboxes, runners, clock: clock.now })
    for (const now of [50, 100]) {
      clock.set(after(now))
      await change('sb-1', { expires_at: after(now + 60) })
      expect(noted()).toEqual([`r-1 sb-1 ${now + 60}`])
    }
    await change('sb-1', { runner_id: 'r-2' })
    expect(noted()).toEqual(['r-1 sb-1 100', 'r-2 sb-1 160'])
    await sandboxes.end('sb-1', after(120))
    expect(noted()).toEqual(['r-1 sb-1 100', 'r-2 sb-1 120'])
    expect(storage.sandboxes.size).toBe(0)
  })

  it('notes the expiries of a batch at once, and tells each runner once', async () => {
    const { sandboxes, steps, changed, noted } = createNoting()
    await sandboxes.registerAll(
      [
        sandboxOf('sb-1', { expires_at: after(60) }),
        sandboxOf('sb-2', { runner_id: 'r-2', expires_at: after(70) }),
        sandboxOf('sb-3'),
      ],
      START,
    )
    expect(steps).toEqual(['note 2', 'all'])
    expect(noted()).toEqual(['r-1 sb-1 60', 'r-2 sb-2 70'])
    expect(changed).toEqual(['r-1', 'r-2'])
  })

  it('has nothing to do with sandboxes without a runner, and with what is not there', async () => {
    const { sandboxes, steps, changed } = createNoting()
    const { runner_id: _none, ...unassigned } = sandboxOf('sb-1', { expires_at: after(60) })
    await sandboxes.register(unassigned, START)
    await sandboxes.end('sb-1', START)
    expect(await sandboxes.end('sb-1', START)).toBe(false)
    await expect(sandboxes.replace({ ...unassigned, revision: 2 }, START)).rejects.toEqual(
      withCode('ERR_SANDBOX_NOT_FOUND'),
    )
    expect([steps, changed]).toEqual([['register', 'end', 'end', 'replace'], []])
  })

  it.each(['register', 'registerAll', 'replace', 'end'] as const)(
    'does not %s when the note cannot be written, and tells of the runner all the same',
    async (operation) => {
      const { sandboxes, storage, changed } = createNoting({ ended: { put: unreachable } })
      const before = sandboxOf('sb-1')
      if (operation === 'replace' || operation === 'end') storage.sandboxes.set('sb-1', before)
      const leased = { ...before, expires_at: after(60) }
      const attempts = {
        register: () => sandboxes.register(leased, START),
        registerAll: () => sandboxes.registerAll([leased], START),
        replace: () => sandboxes.replace({ ...leased, revision: 2 }, START),
        end: () => sandboxes.end('sb-1', START),
      }
      await expect(attempts[operation]()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
      const isThere = operation === 'replace' || operation === 'end'
      expect([...storage.sandboxes.values()]).toEqual(isThere ? [before] : [])
      expect(changed).toEqual(['r-1'])
    },
  )

  it('tells of both runners when it is not known whether a sandbox was moved', async () => {
    const { sandboxes, storage, changed, noted } = createNoting({ sandboxes: { replace: unreachable } })
    storage.sandboxes.set('sb-1', sandboxOf('sb-1', { expires_at: after(60) }))
    const moved = sandboxOf('sb-1', { runner_id: 'r-2', revision: 2 })
    await expect(sandboxes.replace(moved, after(1))).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(changed.sort()).toEqual(['r-1', 'r-2'])
    // It may have been moved, so the note stays.
    expect(noted()).toEqual(['r-1 sb-1 1'])
  })

  describe('when a change is refused', () => {
    const live = sandboxOf('sb-1', { expires_at: after(60) })

    it('puts the note about the live sandbox right, of one and of many', async () => {
      const { sandboxes, storage, noted } = createNoting()
      await sandboxes.register(live, START)
      const again = { ...live, expires_at: after(9_000_000) }
      await expect(sandboxes.register(again, after(1))).rejects.toEqual(withCode('ERR_SANDBOX_EXISTS'))
      expect(noted()).toEqual(['r-1 sb-1 60'])
      const others = [again, sandboxOf('sb-2', { expires_at: after(90) })]
      const [first, second] = await sandboxes.registerAll(others, after(1))
      expect([first?.code, second]).toEqual(['ERR_SANDBOX_EXISTS', undefined])
      expect(noted()).toEqual(['r-1 sb-1 60', 'r-1 sb-2 90'])
      expect(storage.sandboxes.get('sb-1')).toEqual(live)
    })

    it('forgets no expiry when a renewal or a move comes too late', async () => {
      const { sandboxes, noted } = createNoting()
      await sandboxes.register(live, START)
      for (const changes of [{ expires_at: after(900) }, { runner_id: 'r-2' }]) {
        const outdated = { ...live, ...changes, revision: 3 }
        await expect(sandboxes.replace(outdated, after(1))).rejects.toEqual(withCode('ERR_REVISION_CONFLICT'))
        expect(noted()[0]).toBe('r-1 sb-1 60')
      }
    })

    it('says that a runner has lost what was never given to it rather than that it will', async () => {
      const { sandboxes, noted } = createNoting()
      await sandboxes.register(live, START)
      const elsewhere = sandboxOf('sb-1', { runner_id: 'r-2', expires_at: after(9000) })
      await expect(sandboxes.register(elsewhere, after(1))).rejects.toEqual(withCode('ERR_SANDBOX_EXISTS'))
      expect(noted()).toEqual(['r-2 sb-1 1', 'r-1 sb-1 60'].sort())
    })

    it('tells of the refusal when the note cannot be put right', async () => {
      let puts = 0
      const { sandboxes, storage } = createNoting({
        ended: {
          async put() {
            puts += 1
            if (puts > 1) await unreachable()
          },
        },
      })
      storage.sandboxes.set('sb-1', live)
      await expect(sandboxes.register(live, after(1))).rejects.toEqual(withCode('ERR_SANDBOX_EXISTS'))
      expect(puts).toBe(2)
    })
  })

  it.each(['ERR_STORE_CORRUPT', 'ERR_SEAL_BROKEN', 'ERR_SEAL_MISSING', 'ERR_SEAL_KEY_UNKNOWN'] as const)(
    'ends a sandbox whose record gives %s, without a note',
    async (code) => {
      const { sandboxes, storage, steps } = createNoting({
        sandboxes: { findById: () => Promise.reject(new IssuerError(code, 'unreadable')) },
      })
      storage.sandboxes.set('sb-1', sandboxOf('sb-1'))
      expect(await sandboxes.end('sb-1', START)).toBe(true)
      expect(steps).toEqual(['end'])
    },
  )

  it.each<IssuerErrorCode>(['ERR_STORE_UNAVAILABLE', 'ERR_REGISTRY_LOST'])(
    'ends nothing when it cannot be told whose it is (%s)',
    async (code) => {
      const { sandboxes, storage, steps } = createNoting({
        sandboxes: { findById: () => Promise.reject(new IssuerError(code, 'cannot tell')) },
      })
      storage.sandboxes.set('sb-1', sandboxOf('sb-1'))
      await expect(sandboxes.end('sb-1', START)).rejects.toEqual(withCode(code))
      expect(steps).toEqual([])
    },
  )

  it('lets a cache around it forget whom it is asked to end, also when the note cannot be written', async () => {
    const { sandboxes: noting, storage } = createNoting({ ended: { put: unreachable } })
    const policy = { trustedFor: seconds(2), storeLag: seconds(300), maxBytes: 1_000_000 }
    const { sandboxes, findLiveById } = cacheSandboxes({ ...policy, sandboxes: noting })
    storage.sandboxes.set('sb-1', sandboxOf('sb-1', { secrets: [{ sha256: await hashSecret('x') }] }))
    await findLiveById('sb-1', START, 'r-1')
    await expect(sandboxes.end('sb-1', START)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    storage.unavailable = true
    await expect(findLiveById('sb-1', START, 'r-1')).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })
})
