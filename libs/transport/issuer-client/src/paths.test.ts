import { describe, expect, it } from 'vitest'
import { pathOf, queryOf } from './paths.ts'

describe('pathOf', () => {
  it('encodes an ID', () => {
    expect(pathOf('sandbox_id', 'a/b+c=d@e~f')).toBe('/v1/sandboxes/a%2Fb%2Bc%3Dd%40e~f')
    expect(pathOf('runner_id', 'node-1')).toBe('/v1/runners/node-1')
  })

  it.each(['', '.', '..', 'a/../b', 'a?b', 'a#b', 'a%2Fb', '\ud800'])(
    'refuses %j with ERR_IDENTIFIER_INVALID',
    (id) => {
      expect(() => pathOf('runner_id', id)).toThrow(
        expect.objectContaining({ code: 'ERR_IDENTIFIER_INVALID' }),
      )
    },
  )
})

describe('queryOf', () => {
  it('gives what is there', () => {
    expect(queryOf({ limit: 10, after: 'a/b', runner_id: undefined })).toBe('?limit=10&after=a%2Fb')
  })

  it('gives nothing for nothing', () => {
    expect(queryOf({ limit: undefined })).toBe('')
  })
})
