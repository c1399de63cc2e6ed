import { describe, expect, it } from 'vitest'
import { createRedactNested } from './redact-nested.ts'

const redactNested = createRedactNested(new Set(['secret']))

/** `{a: {a: … leaf}}`, the leaf being at `depth`. */
function nest(depth: number, leaf: object): object {
  return depth === 1 ? leaf : { a: nest(depth - 1, leaf) }
}

describe('createRedactNested', () => {
  it('gives a line without secrets back as it is', () => {
    const line = {
      status: 200,
      aud: ['a', 'b'],
      client: { address: '::1' },
      sizes: new Uint8Array(2),
      at: new Date(0),
    }
    expect(redactNested(line)).toBe(line)
  })

  it('leaves the members of the line itself to the logger', () => {
    expect(redactNested({ secret: 'hush' })).toStrictEqual({ secret: 'hush' })
  })

  it('replaces a member of a name in objects and lists, and changes nothing of what it was given', () => {
    const line = { a: { secret: 'hush', b: 1 }, list: [{ secret: { deep: 'hush' } }, 2] }
    const before = structuredClone(line)
    expect(redactNested(line)).toStrictEqual({
      a: { secret: '[redacted]', b: 1 },
      list: [{ secret: '[redacted]' }, 2],
    })
    expect(line).toStrictEqual(before)
  })

  it('finds it in plain objects down to the seventeenth level, and shows nothing deeper', () => {
    expect(JSON.stringify(redactNested(nest(16, { secret: 'hush' })))).not.toContain('hush')
    expect(JSON.stringify(redactNested(nest(17, { secret: 'hush' })))).not.toContain('hush')
    expect(JSON.stringify(redactNested(nest(18, { other: 'hush' })))).not.toContain('hush')
    expect(JSON.stringify(redactNested(nest(16, { other: 'shown' })))).toContain('shown')
  })

  it('finds it in the members of classes', () => {
    class Request {
      readonly headers = { secret: 'hush' }
    }
    expect(JSON.stringify(redactNested({ request: new Request() }))).toBe(
      '{"request":{"headers":{"secret":"[redacted]"}}}',
    )
  })

  it('ends with circles', () => {
    const circle: Record<string, unknown> = { secret: 'hush' }
    circle['self'] = circle
    expect(JSON.stringify(redactNested({ circle }))).not.toContain('hush')
  })

  it('leaves errors to their serializer', () => {
    const err = Object.assign(new Error('x'), { secret: 'hush' })
    expect(redactNested({ err })).toStrictEqual({ err })
  })
})
