import { describe, expect, it } from 'vitest'
import { createKnownKeys } from './judge-keys.ts'

function jwks(replica: number, sentAt: number, ...kids: string[]) {
  return { replica, sentAt, answeredAt: sentAt + 10, kids }
}

describe('createKnownKeys', () => {
  it('accepts replicas that publish all keys', () => {
    const keys = createKnownKeys(2000)
    for (const at of [0, 1000]) {
      for (const replica of [0, 1]) expect(keys.judge(jwks(replica, at, 'a', 'b'), [])).toEqual([])
    }
    expect(keys.count()).toBe(2)
  })

  it('finds a key that a replica does not publish any more, at once and also in an outage', () => {
    const keys = createKnownKeys(2000)
    keys.judge(jwks(0, 0, 'a', 'b'), [])
    expect(keys.judge(jwks(0, 10, 'b'), [{ replicas: [0], from: 0 }])).toEqual([
      'the key a is not published any more',
    ])
  })

  it('finds a key that signs and is not published by another replica after 2 seconds', () => {
    const keys = createKnownKeys(2000)
    keys.add('a', 500)
    expect(keys.judge(jwks(1, 2499), [])).toEqual([])
    expect(keys.judge(jwks(1, 2500), [])).toEqual([
      'the key a is not published 2000 ms after it was seen elsewhere',
    ])
  })

  it('waits for a key longer only for an outage of that replica', () => {
    const keys = createKnownKeys(2000)
    keys.judge(jwks(0, 0, 'a'), [])
    expect(keys.judge(jwks(1, 5000), [{ replicas: [1], from: 1000, healedAt: 4000 }])).toEqual([])
    expect(keys.judge(jwks(1, 5000), [{ replicas: [2], from: 1000, healedAt: 4000 }])).toHaveLength(1)
  })
})
