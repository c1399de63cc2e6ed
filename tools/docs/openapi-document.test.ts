import { HTTP_ERROR_CODES } from '@workload-identity/api'
import { describe, expect, it } from 'vitest'
import { collectRoutes, type DocumentedRoute } from './collect-routes.ts'
import { buildOpenApiDocument } from './openapi-document.ts'
import { refusals } from './openapi-refusals.ts'

const route: DocumentedRoute = {
  listener: 'control',
  method: 'get',
  path: '/v1/things',
  docs: {
    operationId: 'getThings',
    summary: 'Things',
    description: 'All of them.',
    caller: 'admin',
    answers: { 200: { description: 'Things.' } },
  },
  isBodyOptional: false,
}
const example = { summary: 'All', status: 200 }

describe('buildOpenApiDocument', () => {
  it('refuses an operation without examples, and examples without an operation', () => {
    expect(() => buildOpenApiDocument([route], {}, '1.0.0')).toThrow('getThings has no examples')
    const examples = { getThings: { all: example }, getOthers: { all: example } }
    expect(() => buildOpenApiDocument([route], examples, '1.0.0')).toThrow(
      'examples of no operation: getOthers',
    )
  })

  it('says who may ask, and refuses others with 401 and 403', () => {
    const { paths } = buildOpenApiDocument([route], { getThings: { all: example } }, '1.0.0') as {
      paths: Record<string, { get: { security: unknown; responses: object } }>
    }
    const operation = paths['/v1/things']!.get
    expect(operation.security).toEqual([{ adminToken: [] }])
    expect(Object.keys(operation.responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '405',
      '408',
      '414',
      '417',
      '431',
      '500',
      '503',
    ])
  })
})

describe('refusals', () => {
  it('name every error code', () => {
    const named = Object.values(refusals).flatMap(({ errors }) => Object.keys(errors))
    expect([...new Set(named)].sort()).toEqual([...HTTP_ERROR_CODES].sort())
  })
})

describe('collectRoutes', () => {
  it('finds the routes of all three servers, with no two of one operation ID and method', async () => {
    const routes = await collectRoutes()
    expect(new Set(routes.map(({ listener }) => listener))).toEqual(new Set(['public', 'token', 'control']))
    const ids = routes.map(({ docs, method }) => `${method} ${docs.operationId}`)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
