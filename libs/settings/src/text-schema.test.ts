import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { textSchema } from './text-schema.ts'

describe('textSchema', () => {
  it('reports an IssuerError of a parser of core as the mistake', () => {
    const schema = textSchema((): string => {
      throw new IssuerError('ERR_IDENTIFIER_INVALID', 'cluster_id is empty')
    })
    expect(schema.safeParse('x').error?.issues.map((issue) => issue.message)).toEqual(['cluster_id is empty'])
  })

  it('lets any other error through, as it is a bug', () => {
    const schema = textSchema((): string => {
      throw new TypeError('a bug')
    })
    expect(() => schema.safeParse('x')).toThrow(TypeError)
  })
})
