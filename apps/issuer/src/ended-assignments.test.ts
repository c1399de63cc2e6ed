import { unixSeconds } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { createProcessEndedAssignments } from './ended-assignments.ts'

const at = unixSeconds
const note = (sandbox_id: string, ended_at: number, runner_id = 'node-1') => ({
  ...{ runner_id, sandbox_id },
  ended_at: at(ended_at),
})
const ids = (notes: readonly { readonly sandbox_id: string }[]) => notes.map(({ sandbox_id }) => sandbox_id)

describe('createProcessEndedAssignments', () => {
  it('gives the notes of a runner within two moments, both included, by sandbox ID', async () => {
    const ended = createProcessEndedAssignments()
    await ended.put([note('b', 20), note('a', 10), note('c', 9), note('d', 21), note('e', 15, 'node-2')])
    expect(ids(await ended.list('node-1', at(10), at(20)))).toEqual(['a', 'b'])
  })

  it('keeps the last note about a sandbox', async () => {
    const ended = createProcessEndedAssignments()
    await ended.put([note('a', 10)])
    await ended.put([note('a', 30)])
    expect(await ended.list('node-1', at(0), at(100))).toEqual([note('a', 30)])
  })

  it('deletes what ended before a moment, so many at once', async () => {
    const ended = createProcessEndedAssignments()
    await ended.put([note('a', 1), note('b', 2), note('c', 3)])
    expect(await ended.removeBefore(at(3), 1)).toBe(1)
    expect(await ended.removeBefore(at(3), 10)).toBe(1)
    expect(ids(await ended.list('node-1', at(0), at(100)))).toEqual(['c'])
  })

  it('gives up the earliest notes beyond its bound', async () => {
    const ended = createProcessEndedAssignments(2)
    await ended.put([note('a', 1), note('b', 2), note('c', 3)])
    await ended.put([note('b', 4), note('d', 5)])
    expect(ids(await ended.list('node-1', at(0), at(100)))).toEqual(['b', 'd'])
  })
})
