import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, withCode } from '../../test/fixtures.ts'
import { startRotatingIssuer } from '../../test/rotating-issuer.ts'
import { activeKey, isTombstone, nextKey, publishedKeys, type KeyRing } from '../key-ring/key-ring.ts'
import { applyStep } from '../key-ring/transitions.ts'
import { createRevokeKey } from './revoke-key.ts'

const { kid } = keys.eddsa
const withKeys = (...entries: KeyRing['keys']): KeyRing => ({
  ...ringOf(keys.eddsa),
  keys: [...ringOf(keys.eddsa).keys, ...entries],
})

describe('createRevokeKey', () => {
  it('takes a retired key out at once, leaves a tombstone, and says until when copies may accept it', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(withKeys(retiredEntry(keys.es256)))
    clock.set(after(100))
    const revoke = createRevokeKey(dependencies)
    await expect(revoke({ kid: keys.es256.kid, reason: 'leaked' })).resolves.toEqual({
      ...{ kid: keys.es256.kid, revoked_at: after(100), cached_until: after(3020), active_kid: kid },
    })
    expect(publishedKeys(stored(), after(100)).map((key) => key.kid)).toEqual([kid])
    expect(stored().history).toMatchObject([
      { kid: keys.es256.kid, reason: 'revoked: leaked', ended_at: after(100) },
    ])
    expect(stored().history.filter(isTombstone)).toHaveLength(1)
  })

  it.each([
    [1000, after(3020)],
    [3020, undefined],
  ])('lets the next key sign when the active one is revoked (after %i s)', async (at, until) => {
    const ring = withKeys(nextEntry(keys.eddsaOther, { published_at: after(100) }))
    const { dependencies, clock, stored, bytes } = startRotatingIssuer(ring)
    clock.set(after(at))
    await expect(createRevokeKey(dependencies)({ kid })).resolves.toEqual({
      ...{ kid, revoked_at: after(at), cached_until: after(at + 2920) },
      ...{ active_kid: keys.eddsaOther.kid, successor: 'promoted' },
      ...(until !== undefined && { verifiers_lack_until: until }),
    })
    expect(activeKey(dependencies.keyRing.signingRing()).kid).toBe(keys.eddsaOther.kid)
    expect(stored().generation).toBe(2)
    expect(bytes()).not.toContain(keys.eddsa.private['d'])
  })

  it('says how long verifiers lack a next key that something besides its dates holds back', async () => {
    const ring = withKeys(nextEntry(keys.eddsaOther, { published_at: after(0) }))
    const { dependencies, clock } = startRotatingIssuer(ring)
    const holds = () => [{ kid: keys.eddsaOther.kid, until: after(9000), because: 'of the copy' }]
    clock.set(after(5000))
    await expect(createRevokeKey({ ...dependencies, holds })({ kid })).resolves.toMatchObject({
      ...{ active_kid: keys.eddsaOther.kid, successor: 'promoted', verifiers_lack_until: after(9000) },
    })
  })

  it('makes a successor in the same save when none waits', async () => {
    const { dependencies, stored } = startRotatingIssuer()
    const answer = await createRevokeKey(dependencies)({ kid })
    expect(answer).toMatchObject({ successor: 'created', verifiers_lack_until: after(2920) })
    expect(answer.active_kid).toBe(activeKey(stored()).kid)
    expect(stored().generation).toBe(2)
    expect(stored().keys).toHaveLength(1)
    expect(stored().history).toMatchObject([{ kid, reason: 'revoked' }])
  })

  it('takes a next key out without touching the active one', async () => {
    const { dependencies, stored } = startRotatingIssuer(withKeys(nextEntry(keys.eddsaOther)))
    const answer = await createRevokeKey(dependencies)({ kid: keys.eddsaOther.kid })
    expect(answer).toEqual({
      ...{ kid: keys.eddsaOther.kid, revoked_at: after(0), cached_until: after(2920), active_kid: kid },
    })
    expect(nextKey(stored())).toBeUndefined()
  })

  it('refuses a key that was revoked already, and one that is not there', async () => {
    const { dependencies, stored } = startRotatingIssuer(withKeys(retiredEntry(keys.es256)))
    const revoke = createRevokeKey(dependencies)
    await revoke({ kid: keys.es256.kid })
    await expect(revoke({ kid: keys.es256.kid })).rejects.toThrow(withCode('ERR_KEY_REVOKED'))
    await expect(revoke({ kid: keys.rs256.kid })).rejects.toThrow(withCode('ERR_KEY_NOT_FOUND'))
    expect(stored().generation).toBe(2)
  })

  it('does not take a key that left in its own time for a revoked one', async () => {
    const ring = applyStep(
      withKeys(retiredEntry(keys.es256)),
      { type: 'remove', kid: keys.es256.kid },
      after(10),
    )
    const { dependencies } = startRotatingIssuer(ring)
    await expect(createRevokeKey(dependencies)({ kid: keys.es256.kid })).rejects.toThrow(
      withCode('ERR_KEY_NOT_FOUND'),
    )
  })

  it('revokes once when two replicas are asked at once', async () => {
    const { dependencies, another, stored } = startRotatingIssuer()
    const results = await Promise.allSettled(
      [dependencies, another()].map((replica) => createRevokeKey(replica)({ kid })),
    )
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(stored().history).toHaveLength(1)
    expect(stored().keys).toHaveLength(1)
  })
})
