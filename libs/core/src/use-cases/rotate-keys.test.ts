import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, withCode } from '../../test/fixtures.ts'
import { startRotatingIssuer } from '../../test/rotating-issuer.ts'
import { IssuerError } from '../errors.ts'
import { activeKey, nextKey, type KeyRing } from '../key-ring/key-ring.ts'
import type { KeyStore } from '../ports/key-store.ts'
import { createRotateKeys } from './rotate-keys.ts'

const waiting: KeyRing = {
  ...ringOf(keys.eddsa),
  keys: [...ringOf(keys.eddsa).keys, nextEntry(keys.eddsaOther, { published_at: after(7000) })],
}

/** A store whose next save fails as an unreachable store does, before or after it saved. */
function failingOnce(at: 'before' | 'after'): (keyStore: KeyStore) => KeyStore {
  let isBroken = true
  return (keyStore) => ({
    ...keyStore,
    async save(ring, expected) {
      const fails = isBroken
      isBroken = false
      if (fails && at === 'before') throw new IssuerError('ERR_STORE_UNAVAILABLE', 'it is not known')
      await keyStore.save(ring, expected)
      if (fails) throw new IssuerError('ERR_STORE_UNAVAILABLE', 'it is not known')
    },
  })
}

describe('createRotateKeys', () => {
  it('does nothing before a step is due and says when to come back', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer()
    clock.set(after(6999))
    await expect(createRotateKeys(dependencies)()).resolves.toEqual({
      plan: { at: after(7000), because: expect.stringContaining('publishAhead') as string },
    })
    expect(stored().generation).toBe(1)
  })

  it('lets no key sign while it is held, and asks again each time', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(waiting)
    let until = after(10_001)
    const holds = () => [{ kid: keys.eddsaOther.kid, until, because: 'of the copy' }]
    const rotate = createRotateKeys({ ...dependencies, holds })
    clock.set(after(10_000))
    await expect(rotate()).resolves.toEqual({ plan: { at: until, because: 'of the copy' } })
    until = after(10_000)
    await expect(rotate()).resolves.toMatchObject({ made: { type: 'activate' } })
    expect(activeKey(stored()).kid).toBe(keys.eddsaOther.kid)
  })

  it('goes through the whole life of a key, each step saved before it is used', async () => {
    const { dependencies, clock, stored, bytes } = startRotatingIssuer()
    const rotate = createRotateKeys(dependencies)
    clock.set(after(7000))
    const { made, plan } = await rotate()
    const next = nextKey(stored())
    expect(made).toEqual({ type: 'publish-next', kid: next?.kid })
    expect(plan).toMatchObject({ at: after(10_000) })
    expect(stored()).toEqual(dependencies.keyRing.ring())

    clock.set(after(10_000))
    await expect(rotate()).resolves.toMatchObject({
      made: { type: 'activate', kid: next?.kid },
      plan: { at: after(15_000) },
    })
    expect(activeKey(dependencies.keyRing.signingRing()).kid).toBe(next?.kid)
    expect(stored().keys[0]).toMatchObject({ state: 'retired', remove_at: after(15_000) })
    expect(bytes()).not.toContain(keys.eddsa.private['d'])

    clock.set(after(15_000))
    await expect(rotate()).resolves.toMatchObject({ made: { type: 'remove', kid: keys.eddsa.kid } })
    expect(stored()).toEqual(dependencies.keyRing.ring())
    expect(stored().keys.map((key) => key.kid)).toEqual([next?.kid])
  })

  it('says that another step is due when it is', async () => {
    const ring = { ...waiting, keys: [...waiting.keys, retiredEntry(keys.es256, { remove_at: after(1) })] }
    const { dependencies, clock } = startRotatingIssuer(ring)
    const rotate = createRotateKeys(dependencies)
    clock.set(after(10_000))
    await expect(rotate()).resolves.toMatchObject({
      made: { type: 'activate' },
      plan: { step: { type: 'remove' } },
    })
    await expect(rotate()).resolves.toMatchObject({ made: { type: 'remove' } })
    expect((await rotate()).plan.step).toBeUndefined()
  })

  it('makes a step once, however many replicas want it at once', async () => {
    const { dependencies, another, clock, stored } = startRotatingIssuer()
    clock.set(after(7000))
    const replicas = [dependencies, another(), another(), another()]
    const results = await Promise.all(replicas.map((replica) => createRotateKeys(replica)()))
    expect(results.filter(({ made }) => made !== undefined)).toHaveLength(1)
    expect(stored().generation).toBe(2)
    for (const { keyRing } of replicas) expect(keyRing.ring()).toEqual(stored())
    expect(results.every(({ plan }) => plan.at === after(10_000))).toBe(true)
  })

  it('generates one key for a step, however often others save first', async () => {
    let saves = 0
    const { dependencies, another, clock, stored } = startRotatingIssuer(undefined, (keyStore) => ({
      ...keyStore,
      async save(ring, expected) {
        saves += 1
        kids.add(JSON.stringify(nextKey(JSON.parse(ring.document) as KeyRing)?.kid))
        // Somebody changes something else in between.
        if (saves < 3) {
          const other = another()
          const { keyRing } = other
          await keyRing.refresh()
          const current = keyRing.ring()
          await keyRing.save(
            { ...current, generation: current.generation + 1, write_id: crypto.randomUUID() },
            current,
          )
        }
        await keyStore.save(ring, expected)
      },
    }))
    const kids = new Set<string>()
    clock.set(after(7000))
    await createRotateKeys(dependencies)()
    expect(saves).toBe(3)
    expect(kids.size).toBe(1)
    expect(stored().generation).toBe(4)
  })

  it('gives up when others save first again and again, and has changed nothing', async () => {
    let saves = 0
    const { dependencies, clock, stored } = startRotatingIssuer(waiting, (keyStore) => ({
      ...keyStore,
      async save() {
        saves += 1
        throw new IssuerError('ERR_STORE_CONFLICT', 'somebody else was first')
      },
    }))
    clock.set(after(10_000))
    await expect(createRotateKeys(dependencies)()).rejects.toThrow(withCode('ERR_STORE_CONFLICT'))
    expect(saves).toBe(8)
    expect(activeKey(dependencies.keyRing.ring()).kid).toBe(keys.eddsa.kid)
    expect(stored()).toEqual(waiting)
  })

  it('uses nothing that was not saved', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(waiting, failingOnce('before'))
    clock.set(after(10_000))
    const rotate = createRotateKeys(dependencies)
    await expect(rotate()).rejects.toThrow(withCode('ERR_STORE_UNAVAILABLE'))
    expect(activeKey(dependencies.keyRing.ring()).kid).toBe(keys.eddsa.kid)
    expect(stored()).toEqual(waiting)
    await expect(rotate()).resolves.toMatchObject({ made: { type: 'activate' } })
  })

  it('looks when it is not known whether a step was saved, and uses it if it was', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(waiting, failingOnce('after'))
    clock.set(after(10_000))
    await expect(createRotateKeys(dependencies)()).resolves.toMatchObject({ made: { type: 'activate' } })
    expect(dependencies.keyRing.ring()).toEqual(stored())
    expect(stored().generation).toBe(2)
  })

  it.each([
    [60, 7000],
    [61, 7061],
    [2_000_000, 2_007_000],
    [-61, 6939],
  ])('dates a key anew when the clock moved by %i s before it was saved', async (pause, publishedAt) => {
    const { dependencies, clock, stored } = startRotatingIssuer({ ...ringOf(keys.eddsa), generation: 5 })
    // The machine sleeps while the ring waits for the refresh before it.
    const { keyRing } = dependencies
    let isFirst = true
    const save: typeof keyRing.save = (changed, expected, decidedAt) => {
      if (isFirst) clock.advance(pause)
      isFirst = false
      return keyRing.save(changed, expected, decidedAt)
    }
    clock.set(after(7000))
    const { made } = await createRotateKeys({ ...dependencies, keyRing: { ...keyRing, save } })()
    if (pause === -61) expect(made).toBeUndefined()
    else expect(nextKey(stored())?.published_at).toBe(after(publishedAt))
  })

  it('fails without a store, and changes nothing', async () => {
    const { dependencies, clock, storage } = startRotatingIssuer(waiting)
    clock.set(after(10_000))
    storage.unavailable = true
    await expect(createRotateKeys(dependencies)()).rejects.toThrow(withCode('ERR_STORE_UNAVAILABLE'))
    expect(dependencies.keyRing.ring()).toEqual(waiting)
  })

  it('gives an emptied store its ring back first, and tells', async () => {
    const { dependencies, clock, storage, stored } = startRotatingIssuer(waiting)
    delete storage.ring
    clock.set(after(10_000))
    const repairs: unknown[] = []
    const onRepaired = (repair: unknown) => repairs.push(repair)
    const { made } = await createRotateKeys({ ...dependencies, onRepaired })()
    expect(made?.type).toBe('activate')
    expect(repairs).toMatchObject([{ outcome: 'wrote-back', found: 'emptied', generation: 2 }])
    expect(stored().generation).toBe(3)
  })

  it('keeps a retired key longer when the clock was put back since tokens were signed', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(waiting)
    clock.set(after(46_000))
    await dependencies.keyRing.refresh()
    clock.set(after(10_000))
    await createRotateKeys(dependencies)()
    expect(stored().keys[0]).toMatchObject({ retired_at: after(10_000), remove_at: after(46_000 + 5000) })
  })
})
