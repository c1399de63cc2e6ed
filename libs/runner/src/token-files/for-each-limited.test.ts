import { describe, expect, it } from 'vitest'
import { forEachLimited } from './for-each-limited.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('forEachLimited', () => {
  it('does the work for each item, for so many at most at the same time', async () => {
    const done: number[] = []
    let atOnce = 0
    let most = 0
    await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, (atOnce += 1))
      await turn()
      atOnce -= 1
      done.push(item)
    })
    expect(done.sort()).toStrictEqual([1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(3)
  })

  it('rejects with an error, and begins nothing after it', async () => {
    const begun: number[] = []
    const work = async (item: number) => {
      begun.push(item)
      await turn()
      if (item === 2) throw new Error('failed')
      await turn()
    }
    await expect(forEachLimited([1, 2, 3, 4, 5], 2, work)).rejects.toThrow('failed')
    await turn()
    await turn()
    expect(begun).toStrictEqual([1, 2])
  })
})
