import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, withCode } from '../../test/fixtures.ts'
import { startRotatingIssuer } from '../../test/rotating-issuer.ts'
import { isTombstone, type KeyRing } from '../key-ring/key-ring.ts'
import { createRemoveKey } from './remove-key.ts'

const ring: KeyRing = {
  ...ringOf(keys.eddsa),
  keys: [
    ...ringOf(keys.eddsa).keys,
    nextEntry(keys.eddsaOther),
    retiredEntry(keys.es256, { remove_at: after(2000) }),
    // A legacy key: retired when it was taken over, and without an end.
    retiredEntry(keys.rs256, { origin: 'adopted' }),
  ],
}

describe('createRemoveKey', () => {
  it.each([
    ['a retired key', keys.es256.kid, 1999, 2000],
    // Nobody knows how long the tokens of an adopted key live: as long as others', from when it was taken over.
    ['a legacy key', keys.rs256.kid, 4999, 5000],
  ])('removes %s once its tokens are over', async (_, kid, before, over) => {
    const { dependencies, clock, stored } = startRotatingIssuer(ring)
    const remove = createRemoveKey(dependencies)
    clock.set(after(before))
    await expect(remove({ kid })).rejects.toThrow(withCode('ERR_KEY_IN_USE'))
    expect(stored()).toEqual(ring)
    clock.set(after(over))
    await remove({ kid })
    expect(stored().keys.map((key) => key.kid)).not.toContain(kid)
    expect(stored().history).toMatchObject([{ kid, reason: 'removed' }])
    expect(stored().history.filter(isTombstone)).toEqual([])
  })

  it('keeps a key that is held until then, unless it is forced', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(ring)
    const { kid } = keys.es256
    const holds = () => [{ kid, until: after(9000), because: 'of the clock' }]
    const remove = createRemoveKey({ ...dependencies, holds })
    clock.set(after(8999))
    await expect(remove({ kid })).rejects.toThrow(withCode('ERR_KEY_IN_USE'))
    await remove({ kid, force: true })
    expect(stored().keys).toHaveLength(3)
  })

  it('removes a key before that when it is forced', async () => {
    const { dependencies, stored } = startRotatingIssuer(ring)
    await createRemoveKey(dependencies)({ kid: keys.es256.kid, force: true })
    expect(stored().keys).toHaveLength(3)
  })

  it.each([
    ['that signs', keys.eddsa.kid],
    ['that waits', keys.eddsaOther.kid],
  ])('never removes a key %s, forced or not', async (_, kid) => {
    const { dependencies, clock, stored } = startRotatingIssuer(ring)
    clock.set(after(1_000_000))
    const remove = createRemoveKey(dependencies)
    await expect(remove({ kid })).rejects.toThrow(withCode('ERR_KEY_TRANSITION'))
    await expect(remove({ kid, force: true })).rejects.toThrow(withCode('ERR_KEY_TRANSITION'))
    expect(stored()).toEqual(ring)
  })

  it('says of a key that is gone that it is not there', async () => {
    const { dependencies } = startRotatingIssuer(ring)
    const remove = createRemoveKey(dependencies)
    await remove({ kid: keys.es256.kid, force: true })
    await expect(remove({ kid: keys.es256.kid })).rejects.toThrow(withCode('ERR_KEY_NOT_FOUND'))
  })
})
