import { describe, expect, it } from 'vitest'
import { createTurns } from './turns.ts'

describe('createTurns', () => {
  it('does what has the same key one after the other, also after a failure, and the rest meanwhile', async () => {
    const turns = createTurns()
    const done: string[] = []
    const gate = Promise.withResolvers<undefined>()
    const first = turns.take('a', async () => {
      await gate.promise
      done.push('a1')
      throw new Error('failed')
    })
    const second = turns.take('a', async () => done.push('a2'))
    await turns.take('b', async () => done.push('b1'))
    expect(done).toStrictEqual(['b1'])
    const idle = turns.idle().then(() => done.push('idle'))
    gate.resolve(undefined)
    await expect(first).rejects.toThrow('failed')
    await second
    await idle
    expect(done).toStrictEqual(['b1', 'a1', 'a2', 'idle'])
  })
})
