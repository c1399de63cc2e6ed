import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { closed, optionalTexts } from './common-schemas.ts'
import { namedSchemas } from './named-schemas.ts'
import { sandboxRegistration } from './request-schemas.ts'
import { runnerTokenBatch } from './runner-schemas.ts'

/** Every object schema within a schema, with its path. */
function objectsOf(schema: unknown, path: string): readonly (readonly [path: string, schema: object])[] {
  if (typeof schema !== 'object' || schema === null) return []
  const inner = Object.entries(schema).flatMap(([name, part]) => objectsOf(part, `${path}/${name}`))
  return 'properties' in schema && 'type' in schema ? [[path, schema], ...inner] : inner
}

describe('namedSchemas', () => {
  it('have no object, at whatever depth, that lets unknown members through', () => {
    const objects = Object.entries(namedSchemas).flatMap(([name, schema]) => objectsOf(schema, name))
    expect(objects.length).toBeGreaterThan(Object.keys(namedSchemas).length)
    const open = objects.filter(([, schema]) => Reflect.get(schema, 'additionalProperties') !== false)
    expect(open.map(([path]) => path)).toEqual([])
  })

  it('name each schema once', () => {
    const schemas = Object.values(namedSchemas)
    expect(new Set(schemas).size).toBe(schemas.length)
  })
})

describe('sandboxRegistration', () => {
  it.each([
    ['all it needs', { sandbox_id: 's', app: 'a' }, true],
    ['token files', { sandbox_id: 's', app: 'a', runner_id: 'r', token_files: [{ name: 'token' }] }, true],
    ['no app', { sandbox_id: 's' }, false],
    ['an app that is a number', { sandbox_id: 's', app: 1 }, false],
    ['a member nobody knows', { sandbox_id: 's', app: 'a', claims: {} }, false],
    [
      'one in a token file',
      { sandbox_id: 's', app: 'a', token_files: [{ name: 'token', path: '/' }] },
      false,
    ],
  ])('with %s is %j: %s', (_what, body, isTaken) => {
    expect(Value.Check(sandboxRegistration, body)).toBe(isTaken)
  })
})

describe('runnerTokenBatch', () => {
  it('has no place for claims: a runner names a sandbox, an audience and a life', () => {
    const request = { sandbox_id: 's', audience: ['a', 'b'], ttl: 900 }
    expect(Value.Check(runnerTokenBatch, { requests: [request] })).toBe(true)
    for (const extra of ['app', 'sub', 'subject', 'claims', 'runner_id']) {
      expect(Value.Check(runnerTokenBatch, { requests: [{ ...request, [extra]: 'x' }] }), extra).toBe(false)
    }
  })
})

describe('optionalTexts', () => {
  it('may be absent, and are texts', () => {
    const schema = closed({ id: Type.String(), ...optionalTexts({ name: 'A name.' }) })
    expect(Value.Check(schema, { id: 'a' })).toBe(true)
    expect(Value.Check(schema, { id: 'a', name: 'b' })).toBe(true)
    expect(Value.Check(schema, { id: 'a', name: 1 })).toBe(false)
  })
})
