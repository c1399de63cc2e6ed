import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, START, UUIDS } from '../../test/fixtures.ts'
import { activeKey, type KeyRing } from './key-ring.ts'
import { decideRingRecovery } from './ring-recovery.ts'
import { applyStep } from './transitions.ts'

const otherId = '99999999-9999-4999-8999-999999999999'
const active = activeKey(ringOf(keys.rs256))
const leaving = retiredEntry(keys.eddsa, { remove_at: after(1000) })
const current: KeyRing = { ...ringOf(keys.rs256), generation: 10, keys: [active, leaving] }
const revoked = applyStep(current, { type: 'revoke', kid: keys.eddsa.kid }, START)
const removed = applyStep(current, { type: 'remove', kid: keys.eddsa.kid }, START)
const moved: KeyRing = {
  ...current,
  issuers: [{ url: 'https://new.example.com' }, { url: current.issuers[0]?.url ?? '', until: after(1000) }],
}
const of = (ring: KeyRing, generation: number, changes: Partial<KeyRing> = {}) => ({
  ...ring,
  generation,
  ...changes,
})

describe('decideRingRecovery', () => {
  it.each<[string, KeyRing, KeyRing | undefined, string]>([
    ['an emptied store', current, undefined, 'write-back'],
    ['the same ring', current, current, 'keep'],
    ['another cluster', current, of(current, 11, { cluster_id: 'eu-2' }), 'foreign'],
    ['the same version of another cluster', current, of(current, 10, { cluster_id: 'eu-2' }), 'foreign'],
    ['a later generation', current, of(current, 11), 'take-over'],
    ['a later generation with more', current, of(revoked, 11), 'take-over'],
    ['a later save of the same generation', current, of(current, 10, { write_id: otherId }), 'take-over'],
    ['an earlier save of the same generation', of(current, 10, { write_id: otherId }), current, 'write-back'],
    ['an older generation', current, of(current, 9), 'write-back'],
    ['an older generation with a tombstone more', current, of(revoked, 9), 'merge'],
    ['an older generation with a removed key', current, of(removed, 9), 'write-back'],
    ['an older generation with a key more', removed, of({ ...current, history: [] }, 9), 'write-back'],
    [
      'an older generation with a key it never knew',
      ringOf(keys.rs256, { generation: 10 }),
      of(current, 9),
      'merge',
    ],
    ['a later generation without a tombstone', revoked, of(current, 11), 'merge'],
    ['a later generation that only removed a revoked key', revoked, of(removed, 11), 'merge'],
    ['a later generation that removed a key', current, of(removed, 11), 'take-over'],
    ['a later generation that forgot a key', current, of(ringOf(keys.rs256), 11), 'merge'],
    ['a later generation that forgot a removed key', removed, of(ringOf(keys.rs256), 11), 'merge'],
    [
      'a later generation in which a removed key is back',
      removed,
      of(current, 11, { history: [] }),
      'take-over',
    ],
    ['another lineage', current, of(ringOf(keys.eddsa), 1, { ring_id: otherId }), 'merge'],
    ['a later other lineage', current, of(ringOf(keys.eddsa), 99, { ring_id: otherId }), 'merge'],
    ['a later other lineage that knows all', current, of(current, 99, { ring_id: otherId }), 'take-over'],
    ['a later generation under a new issuer URL', current, of(moved, 11), 'take-over'],
    [
      'a later generation without an earlier issuer URL',
      moved,
      of(moved, 11, { issuers: [{ url: 'https://new.example.com' }] }),
      'merge',
    ],
  ])('answers %s with "%s"', (_, own, stored, expected) => {
    expect(decideRingRecovery(own, stored, START)).toBe(expected)
  })

  it.each([
    [999, 0, 'merge'],
    [1000, 0, 'take-over'],
    [1001, 0, 'take-over'],
    [undefined, 0, 'take-over'],
    [999, 999, 'merge'],
    [999, 1000, 'take-over'],
  ])('compares the end of a retired key, %s s against 1000 s, at %i s: %s', (end, now, expected) => {
    const key = retiredEntry(keys.eddsa, end === undefined ? {} : { remove_at: after(end) })
    const stored = of({ ...current, keys: [active, key] }, 11)
    expect(decideRingRecovery(current, stored, after(now))).toBe(expected)
  })

  it('merges a later generation that gives a key an end which had none', () => {
    const forever = { ...current, keys: [active, retiredEntry(keys.eddsa)] }
    expect(decideRingRecovery(forever, of(current, 11), START)).toBe('merge')
  })

  it.each<[string, KeyRing, string]>([
    ['is active', of(ringOf(keys.rs256), 10), 'write-back'],
    [
      'waits',
      of({ ...current, keys: [{ ...active, ...keys.eddsa }, nextEntry(keys.rs256)] }, 10),
      'write-back',
    ],
    [
      'is retired',
      of({ ...current, keys: [{ ...active, ...keys.eddsa }, retiredEntry(keys.rs256)] }, 10),
      'merge',
    ],
    [
      'was removed',
      applyStep(
        of({ ...current, keys: [{ ...active, ...keys.eddsa }, retiredEntry(keys.rs256)] }, 10),
        { type: 'remove', kid: keys.rs256.kid },
        START,
      ),
      'merge',
    ],
    [
      'was revoked',
      applyStep(
        of(ringOf(keys.rs256), 10),
        { type: 'revoke', kid: keys.rs256.kid, successor: keys.eddsa },
        START,
      ),
      'write-back',
    ],
  ])('writes back over an older ring, or merges it, when its active key %s here', (_, own, expected) => {
    expect(decideRingRecovery(own, of(ringOf(keys.rs256), 9, { write_id: UUIDS.write }), START)).toBe(
      expected,
    )
  })
})
