import { describe, expect, it } from 'vitest'
import { after, keys, ringOf, START } from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import { formerKeys, signingRecords } from './signing-record.ts'
import { applyStep, type RingStep } from './transitions.ts'

const { rs256, rs256Other, es256, eddsa, ps256 } = keys
const keepRetired = seconds(100)
const steps: readonly (readonly [number, RingStep])[] = [
  [0, { type: 'add-legacy', key: eddsa }],
  [10, { type: 'take-over', key: es256, keepRetired }],
  [20, { type: 'revoke', kid: rs256.kid, reason: 'leaked' }],
  [30, { type: 'take-over', key: rs256Other, keepRetired }],
  [40, { type: 'remove', kid: eddsa.kid }],
  [50, { type: 'publish-next', key: ps256.kid === rs256Other.kid ? keys.rs256Long : ps256 }],
]
const ring = steps.reduce((before, [moment, step]) => applyStep(before, step, after(moment)), ringOf(rs256))
const nextKid = ring.keys.find(({ state }) => state === 'next')?.kid

describe('signingRecords', () => {
  it('tells of every key, living or gone, when it signed', () => {
    const told = signingRecords(ring).map(({ kid, state, signed }) => [kid, state, signed])
    expect(told).toEqual([
      [es256.kid, 'retired', { from: after(10), until: after(30) }],
      [rs256Other.kid, 'active', { from: after(30) }],
      [nextKid, 'next', undefined],
      [rs256.kid, 'revoked', { from: START, until: after(10) }],
      [eddsa.kid, 'removed', { until: START }],
    ])
  })

  it('does not know when an adopted key began, while it signs and afterwards', () => {
    const adopted = ringOf(rs256)
    const signing = { ...adopted, keys: adopted.keys.map((key) => ({ ...key, origin: 'adopted' as const })) }
    expect(signingRecords(signing)[0]?.signed).toEqual({})
    const retired = applyStep(signing, { type: 'take-over', key: es256, keepRetired }, after(10))
    expect(signingRecords(retired)[0]?.signed).toEqual({ until: after(10) })
  })

  it('shows no private half', () => {
    expect(JSON.stringify(signingRecords(ring))).not.toContain(rs256Other.private['d'])
  })
})

describe('formerKeys', () => {
  it('gives the keys that sign no more, the last one to cease first', () => {
    expect(formerKeys(ring).map(({ kid, ended_at, remove_at }) => [kid, ended_at, remove_at])).toEqual([
      [es256.kid, undefined, after(130)],
      [rs256.kid, after(20), undefined],
      [eddsa.kid, after(40), undefined],
    ])
  })

  it('is empty for a young ring', () => {
    expect(formerKeys(ringOf(rs256))).toEqual([])
  })
})
