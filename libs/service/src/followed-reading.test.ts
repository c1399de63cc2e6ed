import { describe, expect, it } from 'vitest'
import { createFollowedReading } from './followed-reading.ts'

/** What is read can be set; an error is thrown. */
function createFixture() {
  const state: { next: string | Error; changes: string[]; problems: unknown[] } = {
    next: 'first',
    changes: [],
    problems: [],
  }
  const create = () =>
    createFollowedReading({
      read() {
        if (state.next instanceof Error) throw state.next
        return state.next
      },
      isSame: (one, other) => one === other,
      onChanged: (value) => state.changes.push(value),
      onProblem: (error) => state.problems.push(error),
    })
  return { state, create }
}

describe('createFollowedReading', () => {
  it('refuses a first reading that cannot be used', () => {
    const { state, create } = createFixture()
    state.next = new Error('not there')
    expect(create).toThrow('not there')
  })

  it('takes over what changed, and tells of it once', () => {
    const { state, create } = createFixture()
    const reading = create()
    reading.refresh()
    state.next = 'second'
    reading.refresh()
    reading.refresh()
    expect(reading.current()).toBe('second')
    expect(state.changes).toEqual(['second'])
  })

  it('keeps the last reading while there is none that can be used', () => {
    const { state, create } = createFixture()
    const reading = create()
    state.next = new Error('gone')
    reading.refresh()
    expect(reading.current()).toBe('first')
    state.next = 'third'
    reading.refresh()
    expect(reading.current()).toBe('third')
  })

  it('tells of a problem that the next look finds again, once, and of another one after that', () => {
    const { state, create } = createFixture()
    const reading = create()
    state.next = new Error('half-way')
    reading.refresh()
    expect(state.problems).toEqual([])
    reading.refresh()
    reading.refresh()
    reading.refresh()
    expect(state.problems).toEqual([new Error('half-way')])
    state.next = new Error('other')
    reading.refresh()
    expect(state.problems).toHaveLength(1)
    reading.refresh()
    expect(state.problems).toEqual([new Error('half-way'), new Error('other')])
  })

  it('tells nothing of problems that are another one at each look, as while files are being written', () => {
    const { state, create } = createFixture()
    const reading = create()
    for (const text of ['first part', 'second part', 'third part']) {
      state.next = new Error(text)
      reading.refresh()
    }
    expect(state.problems).toEqual([])
  })

  it('tells of a problem again when it comes back', () => {
    const { state, create } = createFixture()
    const reading = create()
    for (const next of [new Error('away'), 'back', new Error('away')]) {
      state.next = next
      reading.refresh()
      reading.refresh()
    }
    expect(state.problems).toHaveLength(2)
  })
})
