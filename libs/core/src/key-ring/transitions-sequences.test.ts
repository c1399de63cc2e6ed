import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze, keys, ringOf, START } from '../../test/fixtures.ts'
import { isIssuerError } from '../errors.ts'
import { seconds, unixSeconds } from '../time.ts'
import { decodeKeyRing, encodeKeyRing } from './codec.ts'
import { toPublicJwks } from './jwks.ts'
import type { SigningKeyMaterial } from './key-material.ts'
import { activeKey, assertKeyRing, isTombstone, type KeyRing } from './key-ring.ts'
import { applyStep, type RingStep } from './transitions.ts'

const { ps256: _sameKeyAsOther, ...distinct } = keys
const pool: readonly SigningKeyMaterial[] = deepFreeze(Object.values(distinct))
const key = fc.constantFrom(...pool)
const kid = key.map((material) => material.kid)
const keepRetired = fc.integer({ min: 0, max: 200 }).map(seconds)

const step = fc.oneof(
  fc.record({ type: fc.constant('publish-next'), key }),
  fc.record({ type: fc.constant('activate'), kid, keepRetired }),
  fc.record({ type: fc.constant('take-over'), key, keepRetired }, { requiredKeys: ['type', 'key'] }),
  fc.record({ type: fc.constant('add-legacy'), key }),
  fc.record({ type: fc.constant('remove'), kid }),
  fc.record(
    { type: fc.constant('revoke'), kid, reason: fc.string(), successor: key },
    { requiredKeys: ['type', 'kid'] },
  ),
) as fc.Arbitrary<RingStep>

const privateTexts = pool.map(({ kid: id, private: half }) => ({ kid: id, text: half['d'] ?? '' }))

function assertEverything(before: KeyRing, ring: KeyRing, known: ReadonlySet<string>): void {
  assertKeyRing(ring)
  expect(ring.keys.filter((entry) => entry.state === 'active')).toHaveLength(1)
  expect(ring.keys.filter((entry) => entry.state === 'next').length).toBeLessThanOrEqual(1)
  const holders = ring.keys.filter((entry) => entry.private !== undefined)
  expect(holders.every((entry) => entry.state !== 'retired')).toBe(true)

  // The private half of a key is in the document only while the key is next or active.
  const document = JSON.stringify(ring)
  const held = privateTexts.filter(({ text }) => document.includes(text)).map((entry) => entry.kid)
  expect(held.sort()).toEqual(holders.map((entry) => entry.kid).sort())

  // No key is ever lost: it is in the ring or in the history, and the history only grows.
  const remembered = new Set([...ring.keys, ...ring.history].map((entry) => entry.kid))
  expect([...known].every((id) => remembered.has(id))).toBe(true)
  expect(ring.history.slice(0, before.history.length)).toEqual(before.history)

  const revoked = new Set(ring.history.filter(isTombstone).map((entry) => entry.kid))
  expect(ring.keys.some((entry) => revoked.has(entry.kid))).toBe(false)
  expect({ ...ring, keys: [], history: [] }).toEqual({ ...before, keys: [], history: [] })
  expect(decodeKeyRing(encodeKeyRing(ring))).toEqual(ring)
}

describe('applyStep', () => {
  it('keeps every promise of a ring through any sequence of steps, and changes none of its input', () => {
    const taken = new Set<string>()
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(100)), { minLength: 1, maxLength: 25 }), (moves) => {
        let ring = deepFreeze(ringOf(keys.rs256))
        let now: number = START
        const known = new Set(ring.keys.map((entry) => entry.kid))
        for (const [move, pause] of moves) {
          now += pause
          let changed
          try {
            changed = applyStep(ring, move, unixSeconds(now))
          } catch (error) {
            expect(isIssuerError(error, 'ERR_KEY_TRANSITION', 'ERR_KEY_NOT_FOUND', 'ERR_KEY_REVOKED')).toBe(
              true,
            )
            continue
          }
          taken.add(move.type)
          for (const entry of changed.keys) known.add(entry.kid)
          assertEverything(ring, changed, known)
          expect(JSON.stringify(toPublicJwks(changed, unixSeconds(now)))).toContain(activeKey(changed).kid)
          ring = deepFreeze(changed)
        }
      }),
      { numRuns: 200 },
    )
    expect([...taken].sort()).toEqual([
      'activate',
      'add-legacy',
      'publish-next',
      'remove',
      'revoke',
      'take-over',
    ])
  })
})
