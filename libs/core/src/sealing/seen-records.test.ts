import { describe, expect, it } from 'vitest'
import { unixSeconds } from '../time.ts'
import { createSeenRecords } from './seen-records.ts'

const state = (registration: string, revision: number, created_at = 10_000) => ({
  registration,
  created_at: unixSeconds(created_at),
  revision,
})

describe('createSeenRecords', () => {
  it('knows an older revision from the same one and later ones', () => {
    const seen = createSeenRecords(10)
    seen.note('a', state('x', 5))
    expect([4, 5, 6].map((revision) => seen.judge('a', state('x', revision)))).toStrictEqual([
      'older',
      'as-expected',
      'as-expected',
    ])
  })

  it('keeps the later of two states that are noted in the wrong order', () => {
    const seen = createSeenRecords(10)
    seen.note('a', state('x', 5))
    seen.note('a', state('x', 4))
    expect(seen.find('a')).toStrictEqual(state('x', 5))
  })

  it('knows an ended registration for good, and another one of the same ID', () => {
    const seen = createSeenRecords(10)
    seen.note('a', state('x', 1))
    expect(seen.judge('a', state('y', 1))).toBe('other-registration')
    seen.end('a', state('x', 3))
    expect(seen.judge('a', state('x', 3))).toBe('ended')
    expect(seen.judge('a', state('y', 1))).toBe('as-expected')
  })

  it('knows a registration that was never seen and is earlier than the one that was, by more than clocks differ', () => {
    const seen = createSeenRecords(10)
    seen.note('a', state('y', 1, 10_000))
    expect([6_399, 6_400, 10_001].map((created) => seen.judge('a', state('x', 9, created)))).toStrictEqual([
      'older',
      'other-registration',
      'other-registration',
    ])
  })

  it('takes a later revision of an ended registration for a change that was under way', () => {
    const seen = createSeenRecords(10)
    seen.end('a', state('x', 3))
    expect(seen.judge('a', state('x', 4))).toBe('as-expected')
  })

  it('forgets only the registration that ended', () => {
    const seen = createSeenRecords(10)
    seen.note('a', state('y', 1))
    seen.end('a', state('x', 3))
    expect(seen.find('a')).toStrictEqual(state('y', 1))
  })

  it('remembers the last `limit` records and ended ones', () => {
    const seen = createSeenRecords(2)
    for (const id of ['a', 'b', 'c']) seen.note(id, state(id, 2))
    expect(['a', 'b', 'c'].map((id) => seen.judge(id, state(id, 1)))).toStrictEqual([
      'as-expected',
      'older',
      'older',
    ])
    for (const id of ['d', 'e', 'f']) {
      seen.note(id, state(id, 1))
      seen.end(id, state(id, 1))
    }
    expect(['d', 'e', 'f'].map((id) => seen.judge(id, state(id, 1)))).toStrictEqual([
      'as-expected',
      'ended',
      'ended',
    ])
  })
})
