import { closed, runnerTokenResults } from '@workload-identity/api'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { openShape, shapes } from './answer-shapes.ts'

describe('openShape', () => {
  const shape = openShape(
    closed({
      name: Type.String(),
      inner: Type.Array(Type.Union([closed({ at: Type.Integer() }), Type.Null()])),
    }),
  )

  it('accepts members that it does not know, also nested ones', () => {
    expect(shape({ name: 'a', inner: [{ at: 1, newer: true }, null], newer: {} })).toBe(true)
  })

  it.each([
    ['a missing member', { inner: [] }],
    ['a member of another type', { name: 1, inner: [] }],
    ['a nested member of another type', { name: 'a', inner: [{ at: '1' }] }],
    ['a list', []],
    ['nothing', undefined],
  ])('refuses %s', (_, value) => {
    expect(shape(value)).toBe(false)
  })

  it('leaves the schema as it is', () => {
    openShape(runnerTokenResults)({})
    expect(runnerTokenResults).toHaveProperty('additionalProperties', false)
  })
})

describe('shapes', () => {
  it('tells a token from an entry that is neither token nor error', () => {
    const entry = { sandbox_id: 's1', value: 'a.b.c', expires_at: 1 }
    expect(shapes.runnerTokenResults({ results: [entry] })).toBe(true)
    expect(shapes.runnerTokenResults({ results: [{ sandbox_id: 's1', value: 'a.b.c' }] })).toBe(false)
    expect(shapes.runnerTokenResults({ results: [{ ...entry, expires_at: '1' }] })).toBe(false)
  })

  it('knows the error codes of the API alone', () => {
    expect(shapes.errorBody({ error: 'conflict', error_description: 'no' })).toBe(true)
    expect(shapes.errorBody({ error: 'moved', error_description: 'no' })).toBe(false)
  })
})
