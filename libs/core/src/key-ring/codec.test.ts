import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  errorOf,
  keys,
  nextEntry,
  retiredEntry,
  ringOf,
  START,
  wholeTextOf,
  withCode,
} from '../../test/fixtures.ts'
import { isIssuerError } from '../errors.ts'
import { decodeKeyRing, encodeKeyRing, proveRing } from './codec.ts'
import { activeKey, type KeyRing } from './key-ring.ts'

const full: KeyRing = {
  ...ringOf(keys.rs256),
  generation: 7,
  keys: [
    activeKey(ringOf(keys.rs256)),
    nextEntry(keys.eddsa, { reason: 'made by hand' }),
    retiredEntry(keys.es256, { origin: 'adopted' }),
  ],
  history: [{ kid: keys.eddsaOther.kid, public: keys.eddsaOther.public, ended_at: START, reason: 'revoked' }],
}
const text = encodeKeyRing(full)
const change = (edit: (document: ReturnType<typeof JSON.parse>) => void) => {
  const document = JSON.parse(text)
  edit(document)
  return JSON.stringify(document)
}
/** Every private value of the ring: none may ever be shown. */
const secrets = full.keys.flatMap((key) =>
  Object.entries(key.private ?? {}).flatMap(([name, value]) =>
    ['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name) ? [value.slice(0, 16), value.slice(-16)] : [],
  ),
)
const assertNothingShown = (error: unknown) => {
  const shown = wholeTextOf(error)
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([])
}

describe('decodeKeyRing', () => {
  it('is the inverse of encodeKeyRing, to the byte', () => {
    expect(decodeKeyRing(text)).toEqual(full)
    expect(encodeKeyRing(decodeKeyRing(text))).toBe(text)
  })

  it('keeps what a newer minor schema adds at every level', () => {
    const newer = change((document) => {
      document.schema = '1.9'
      document.new_member = { a: [1, null] }
      document.issuers[0].new_member = true
      document.keys[0].new_member = 'x'
      document.keys[0].public.new_member = 'y'
      document.keys[2].new_member = null
      document.history[0].new_member = 0
    })
    expect(JSON.parse(encodeKeyRing(decodeKeyRing(newer)))).toEqual(JSON.parse(newer))
  })

  it.each(['2.0', '10.0', '11.1', '0.9'])('refuses schema %s with ERR_STORE_SCHEMA_NEWER', (schema) => {
    expect(() => decodeKeyRing(change((document) => void (document.schema = schema)))).toThrow(
      withCode('ERR_STORE_SCHEMA_NEWER'),
    )
  })

  it('tells a newer major schema before anything else that it cannot read', () => {
    expect(() => decodeKeyRing('{"schema":"2.0","keys":{}}')).toThrow(withCode('ERR_STORE_SCHEMA_NEWER'))
  })

  it.each([undefined, null, 1, 1.0, '', '1', '1.', '.0', '1.0.0', 'v1.0', '1.0 ', '1.x', '-1.0', ['1.0']])(
    'refuses the schema %j as ERR_STORE_CORRUPT',
    (schema) => {
      expect(() => decodeKeyRing(change((document) => void (document.schema = schema)))).toThrow(
        withCode('ERR_STORE_CORRUPT'),
      )
    },
  )

  it.each([
    '',
    ' ',
    '\0',
    'null',
    'true',
    '1',
    '"text"',
    '[]',
    '{}',
    '{',
    `${text}x`,
    `[${text}]`,
    `\ufeff${text}`,
  ])('refuses %j as ERR_STORE_CORRUPT', (document) => {
    expect(() => decodeKeyRing(document)).toThrow(withCode('ERR_STORE_CORRUPT'))
  })

  it('refuses the mark of an unfinished copy with ERR_STORE_INCOMPLETE', () => {
    expect(() => decodeKeyRing('{"unfinished_copy_of":{}}')).toThrow(withCode('ERR_STORE_INCOMPLETE'))
  })

  it('refuses every truncation, and never shows a part of a key', async () => {
    for (let length = 0; length < text.trimEnd().length; length += 37) {
      const error = await errorOf(() => decodeKeyRing(text.slice(0, length)))
      expect(error).toEqual(withCode('ERR_STORE_CORRUPT'))
      assertNothingShown(error)
    }
  })

  it('keeps the words of the JSON parser to itself, since they quote the text around the mistake', async () => {
    const error = await errorOf(() => decodeKeyRing('{"schema":"1.0","d":hunter2}'))
    expect(error).toEqual(withCode('ERR_STORE_CORRUPT'))
    expect(error.cause).toBeUndefined()
    expect(wholeTextOf(error)).not.toContain('hunter')
  })

  it('gives a ring or a code for every flipped bit, and never shows a part of a key', () => {
    const bytes = new TextEncoder().encode(text)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (index, bit) => {
        const flipped = Uint8Array.from(bytes)
        flipped[index] = (flipped[index] ?? 0) ^ (1 << bit)
        try {
          decodeKeyRing(new TextDecoder().decode(flipped))
        } catch (error) {
          expect(
            isIssuerError(error, 'ERR_STORE_CORRUPT', 'ERR_STORE_SCHEMA_NEWER', 'ERR_KEY_RING_INVALID'),
          ).toBe(true)
          assertNothingShown(error)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses a ring that breaks a rule with ERR_KEY_RING_INVALID', () => {
    expect(() => decodeKeyRing(change((document) => void (document.keys[0].state = 'next')))).toThrow(
      withCode('ERR_KEY_RING_INVALID'),
    )
  })
})

describe('encodeKeyRing', () => {
  it.each<[string, object]>([
    ['a broken rule', { keys: [] }],
    ['a wrong shape', { write_id: 'x' }],
    ['a missing member', { keys: undefined }],
    ['a schema of another major', { schema: '2.0' }],
    ['a schema that cannot be read', { schema: 'one' }],
    ['a generation of 0', { generation: 0 }],
  ])('never saves a ring with %s', (_, changes) => {
    expect(() => encodeKeyRing({ ...full, ...changes })).toThrow(withCode('ERR_KEY_RING_INVALID'))
  })

  it('ends with a line break, so that the document is a text file', () => {
    expect(text.endsWith('\n}\n')).toBe(true)
  })
})

describe('proveRing', () => {
  it('accepts a ring whose keys belong together', async () => {
    await expect(proveRing(full)).resolves.toBeUndefined()
  })

  it.each<[string, KeyRing]>([
    [
      'an active key with the private half of another',
      ringOf({ ...keys.rs256, private: keys.rs256Other.private }),
    ],
    ['an active key under the ID of another', ringOf({ ...keys.rs256, kid: keys.rs256Other.kid })],
    [
      'a next key with the public half of another',
      {
        ...full,
        keys: [...full.keys.slice(0, 1), nextEntry({ ...keys.eddsa, public: keys.eddsaOther.public })],
      },
    ],
    [
      'a retired key under the ID of another',
      { ...full, keys: [...full.keys.slice(0, 1), retiredEntry({ ...keys.eddsa, kid: keys.es256.kid })] },
    ],
  ])('refuses %s with ERR_KEY_MISMATCH', async (_, ring) => {
    await expect(proveRing(ring)).rejects.toEqual(withCode('ERR_KEY_MISMATCH'))
  })

  it('refuses a public half that is no key with ERR_KEY_INVALID', async () => {
    const broken = retiredEntry({ ...keys.eddsa, public: { kty: 'OKP', crv: 'Ed25519', x: 'AA' } })
    await expect(proveRing({ ...full, keys: [...full.keys.slice(0, 1), broken] })).rejects.toEqual(
      withCode('ERR_KEY_INVALID'),
    )
  })
})
