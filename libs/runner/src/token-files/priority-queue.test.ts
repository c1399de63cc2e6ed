import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPriorityQueue } from './priority-queue.ts'

describe('createPriorityQueue', () => {
  it('gives the first of what is inside after any pushes and pops', () => {
    // A number is pushed, null pops.
    const operations = fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { freq: 3 }), { maxLength: 200 })
    fc.assert(
      fc.property(operations, (steps) => {
        const queue = createPriorityQueue<number>((a, b) => a < b)
        const model: number[] = []
        for (const step of steps) {
          if (step === null) expect(queue.pop()).toBe(model.shift())
          else {
            queue.push(step)
            model.push(step)
            model.sort((a, b) => a - b)
          }
          expect(queue.peek()).toBe(model[0])
          expect(queue.size()).toBe(model.length)
        }
      }),
      { seed: 20_260_102 },
    )
  })

  it('leaves what is kept in its order', () => {
    const queue = createPriorityQueue<number>((a, b) => a < b)
    for (const item of [5, 3, 8, 1, 9, 2, 7]) queue.push(item)
    queue.keep((item) => item % 2 === 1)
    expect(Array.from({ length: 6 }, () => queue.pop())).toStrictEqual([1, 3, 5, 7, 9, undefined])
  })
})
