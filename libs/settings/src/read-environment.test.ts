import { describe, expect, it } from 'vitest'
import { table } from './example-table.testing.ts'
import { findUnknownVariables, readVariable } from './read-environment.ts'

describe('readVariable', () => {
  it('gives undefined for a variable that is not set and a text for an empty one', () => {
    expect(readVariable(table.store, {})).toBeUndefined()
    expect(readVariable(table.store, { WID_STORE: undefined })).toBeUndefined()
    expect(readVariable(table.store, { WID_STORE: '' })).toEqual([''])
  })

  it('splits only a repeatable setting at commas', () => {
    expect(readVariable(table.store, { WID_STORE: 'a, b' })).toEqual(['a, b'])
    expect(readVariable(table.tlsNames, { WID_TLS_NAME: 'a, b,' })).toEqual(['a', 'b', ''])
  })
})

describe('findUnknownVariables', () => {
  it('takes only names with the prefix, compared exactly', () => {
    const env = { WIDE: 'x', wid_store: 'x', WORKLOAD_IDENTITY_TOKEN_URL: 'x', WID_: 'x', WID_store: 'x' }
    expect(findUnknownVariables(table, env, []).map((problem) => problem.message)).toEqual([
      'unknown variable "WID_": no setting has this name',
      'unknown variable "WID_store": did you mean WID_STORE?',
    ])
  })
})
