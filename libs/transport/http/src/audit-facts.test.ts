import { describe, expect, it } from 'vitest'
import { withoutUnsafeFacts } from './audit-facts.ts'

const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

describe('withoutUnsafeFacts', () => {
  it('keeps identifiers and the facts of a token', () => {
    const facts = {
      sandbox_id: 's1',
      app: 'a'.repeat(255),
      jti: 'j',
      sub: 'org:acme:app:web:sandbox:s1',
      aud: ['a', 'b'],
      expires_at: 5,
    }
    expect(withoutUnsafeFacts(facts)).toEqual(facts)
    expect(withoutUnsafeFacts({})).toEqual({})
  })

  it.each([
    '',
    'a'.repeat(256),
    'a b',
    'a\n',
    'wis_abc',
    'wir_abc',
    'wia_abc',
    'wis_',
    jwt,
    'eyJhbGciOiJFZERTQSJ9',
  ])('leaves %j out as an ID', (text) => {
    expect(withoutUnsafeFacts({ sandbox_id: text, app: 'web' })).toEqual({ app: 'web' })
    expect(withoutUnsafeFacts({ sandbox_id: 's1', app: text })).toEqual({ sandbox_id: 's1' })
  })

  it.each(['wis', 'wib_abc', 'a-wis_abc', 'aeyJ.a'])('keeps %j, which only resembles a secret', (text) => {
    expect(withoutUnsafeFacts({ sandbox_id: text })).toEqual({ sandbox_id: text })
  })

  it('leaves out a subject and audiences that hold a secret or a JWT', () => {
    expect(withoutUnsafeFacts({ sub: `org:acme:app:web:sandbox:${jwt}`, jti: 'j' })).toEqual({ jti: 'j' })
    expect(withoutUnsafeFacts({ aud: 'wis_abc', jti: 'j' })).toEqual({ jti: 'j' })
    expect(withoutUnsafeFacts({ aud: ['a', jwt], jti: 'j' })).toEqual({ jti: 'j' })
  })
})
