import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, ringOf, withCode } from '../../test/fixtures.ts'
import { startRotatingIssuer } from '../../test/rotating-issuer.ts'
import { activeKey, nextKey, type KeyRing } from '../key-ring/key-ring.ts'
import { createRotateByHand } from './rotate-by-hand.ts'

const { kid } = keys.eddsa
const waiting: KeyRing = {
  ...ringOf(keys.eddsa),
  keys: [...ringOf(keys.eddsa).keys, nextEntry(keys.eddsaOther, { published_at: after(100) })],
}

describe('createRotateByHand', () => {
  it('publishes the next key when there is none, and says when it may sign', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer()
    clock.set(after(10))
    const answer = await createRotateByHand(dependencies)()
    expect(answer).toEqual({
      ...{ outcome: 'published', active_kid: kid, next_kid: nextKey(stored())?.kid },
      promotable_at: after(3010),
    })
    expect(activeKey(stored()).kid).toBe(kid)
  })

  it('waits for the date of an active key that lies in the future', async () => {
    const active = { ...ringOf(keys.eddsa).keys[0]!, activated_at: after(500) }
    const { dependencies, stored } = startRotatingIssuer({ ...ringOf(keys.eddsa), keys: [active] })
    await expect(createRotateByHand(dependencies)()).resolves.toMatchObject({ promotable_at: after(3500) })
    expect(nextKey(stored())?.published_at).toBe(after(500))
  })

  it('lets the next key sign once publishAhead has passed, and says until then when that is', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(waiting)
    const rotate = createRotateByHand(dependencies)
    clock.set(after(3099))
    await expect(rotate()).resolves.toEqual({
      ...{ outcome: 'waiting', active_kid: kid, next_kid: keys.eddsaOther.kid, promotable_at: after(3100) },
    })
    expect(stored()).toEqual(waiting)
    clock.set(after(3100))
    await expect(rotate()).resolves.toEqual({ outcome: 'promoted', active_kid: keys.eddsaOther.kid })
    expect(stored().keys[0]).toMatchObject({ kid, state: 'retired', remove_at: after(8100) })
  })

  it('waits as long as the next key is held, unless forced', async () => {
    const { dependencies, clock, stored } = startRotatingIssuer(waiting)
    const holds = () => [{ kid: keys.eddsaOther.kid, until: after(4000), because: 'of the copy' }]
    clock.set(after(3999))
    const rotate = createRotateByHand({ ...dependencies, holds })
    await expect(rotate()).resolves.toMatchObject({ outcome: 'waiting', promotable_at: after(4000) })
    await expect(rotate({ force: true })).resolves.toEqual({
      ...{ outcome: 'promoted', active_kid: keys.eddsaOther.kid, verifiers_lack_until: after(4000) },
    })
    expect(activeKey(stored()).kid).toBe(keys.eddsaOther.kid)
  })

  it.each([
    [2000, after(3020)],
    [3019, after(3020)],
    // 100 s after the start it was published; 2920 s later everybody has it.
    [3020, undefined],
  ])(
    'promotes at once when forced, and says until when verifiers may lack the key (%i s)',
    async (at, until) => {
      const { dependencies, clock, stored } = startRotatingIssuer(waiting)
      clock.set(after(at))
      await expect(createRotateByHand(dependencies)({ force: true })).resolves.toEqual({
        ...{ outcome: 'promoted', active_kid: keys.eddsaOther.kid },
        ...(until !== undefined && { verifiers_lack_until: until }),
      })
      expect(stored().keys[0]).toMatchObject({ kid, state: 'retired', remove_at: after(at + 5000) })
    },
  )

  it('makes a key that signs at once when forced and none waits', async () => {
    const { dependencies, stored } = startRotatingIssuer()
    const answer = await createRotateByHand(dependencies)({ force: true })
    expect(answer).toEqual({
      ...{ outcome: 'promoted', active_kid: activeKey(stored()).kid, verifiers_lack_until: after(2920) },
    })
    expect(answer.active_kid).not.toBe(kid)
    expect(stored().keys.find((key) => key.kid === kid)).toMatchObject({ remove_at: after(5000) })
    expect(activeKey(dependencies.keyRing.signingRing()).kid).toBe(answer.active_kid)
  })

  it('keeps the key before it longer when the clock was put back', async () => {
    for (const ring of [ringOf(keys.eddsa), waiting]) {
      const { dependencies, clock, stored } = startRotatingIssuer(ring)
      clock.set(after(7000))
      await dependencies.keyRing.refresh()
      clock.set(after(4000))
      await createRotateByHand(dependencies)({ force: true })
      expect(stored().keys.find((key) => key.kid === kid)).toMatchObject({ remove_at: after(12_000) })
    }
  })

  it.each([true, false])('refuses when another key signs than was expected (force %s)', async (force) => {
    const { dependencies, stored } = startRotatingIssuer(waiting)
    const rotate = createRotateByHand(dependencies)
    const refused = rotate({ force, expected_active_kid: keys.eddsaOther.kid })
    await expect(refused).rejects.toThrow(withCode('ERR_ACTIVE_KEY_CHANGED'))
    await expect(refused).rejects.toThrow(`key ${kid} signs since 2026-01-01T00:00:00Z`)
    expect(stored()).toEqual(waiting)
  })

  it('rotates once when asked twice with the key that was to go', async () => {
    const { dependencies, stored, clock } = startRotatingIssuer(waiting)
    const rotate = createRotateByHand(dependencies)
    clock.set(after(3100))
    await expect(rotate({ expected_active_kid: kid })).resolves.toMatchObject({ outcome: 'promoted' })
    await expect(rotate({ expected_active_kid: kid })).rejects.toThrow(withCode('ERR_ACTIVE_KEY_CHANGED'))
    expect(stored().generation).toBe(2)
  })

  it('promotes one key when two operators ask two replicas at once', async () => {
    const { dependencies, another, stored } = startRotatingIssuer()
    const answers = await Promise.all(
      [dependencies, another()].map((replica) => createRotateByHand(replica)({ expected_active_kid: kid })),
    )
    expect(answers.map((answer) => answer.outcome).sort()).toEqual(['published', 'waiting'])
    expect(new Set(answers.map((answer) => answer.next_kid)).size).toBe(1)
    expect(stored().generation).toBe(2)
  })
})
