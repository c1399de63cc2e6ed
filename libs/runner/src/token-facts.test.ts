import { describe, expect, it } from 'vitest'
import { fitsFile, readTokenFacts } from './token-facts.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (payload: unknown) => `${encode({ alg: 'RS256' })}.${encode(payload)}.c2lnbmF0dXJl`
const payload = {
  iss: 'https://issuer.example',
  aud: 'sts',
  iat: 1000,
  exp: 4600,
  sandbox_id: 's1',
  app: 'shop',
}
const facts = {
  iss: 'https://issuer.example',
  audiences: ['sts'],
  iat: 1000,
  exp: 4600,
  sandbox_id: 's1',
  app: 'shop',
}

describe('readTokenFacts', () => {
  it('gives what a token says of itself', () => {
    expect(readTokenFacts(tokenOf(payload))).toStrictEqual(facts)
    const { app: _app, sandbox_id: _id, ...rest } = payload
    expect(readTokenFacts(tokenOf({ ...rest, aud: ['a', 'b'] }))).toStrictEqual({
      iss: 'https://issuer.example',
      audiences: ['a', 'b'],
      iat: 1000,
      exp: 4600,
    })
  })

  it.each([
    ['nothing', ''],
    ['what is no token', 'hello'],
    ['a token that is cut off', tokenOf(payload).slice(0, 60)],
    ['a token without a signature', tokenOf(payload).replace(/\.[^.]*$/, '.')],
    ['a token with more behind it', `${tokenOf(payload)}\n`],
    ['a payload that is no object', tokenOf('x')],
    ['a payload that is null', tokenOf(null)],
    ['a token without an issuer', tokenOf({ ...payload, iss: undefined })],
    ['an expiry in fractions', tokenOf({ ...payload, exp: 4600.5 })],
    ['a life that ends before it begins', tokenOf({ ...payload, exp: 1000 })],
    ['an audience that is no text', tokenOf({ ...payload, aud: ['a', 7] })],
  ])('gives nothing for %s', (_what, token) => expect(readTokenFacts(token)).toBeUndefined())
})

describe('fitsFile', () => {
  const wanted = { sandboxId: 's1', app: 'shop', file: { name: 'token' } }

  it('is true for a token of this sandbox', () => {
    expect(fitsFile(facts, wanted)).toBe(true)
    expect(fitsFile(facts, { ...wanted, issuerUrl: 'https://issuer.example' })).toBe(true)
    expect(fitsFile(facts, { ...wanted, file: { name: 'x', audience: 'sts', ttl: 3600 } })).toBe(true)
    expect(fitsFile(facts, { ...wanted, file: { name: 'x', audience: ['sts'], ttl: 3601 } })).toBe(true)
    const { app: _app, ...without } = facts
    expect(fitsFile(without, { ...wanted, app: '' })).toBe(true)
  })

  it.each([
    ['another sandbox', { sandboxId: 's2' }],
    ['another application', { app: 'bank' }],
    ['none of an application', { app: '' }],
    ['another issuer', { issuerUrl: 'https://other.example' }],
    ['another audience', { file: { name: 'x', audience: 'gcp' } }],
    ['more audiences', { file: { name: 'x', audience: ['sts', 'gcp'] } }],
    ['a shorter life', { file: { name: 'x', ttl: 3599 } }],
  ])('is false when it is to be of %s', (_what, change) => {
    expect(fitsFile(facts, { ...wanted, ...change })).toBe(false)
  })

  it('takes a life of 60 seconds for every shorter one', () => {
    const file = { name: 'x', ttl: 1 }
    expect(fitsFile({ ...facts, exp: 1060 }, { ...wanted, file })).toBe(true)
    expect(fitsFile({ ...facts, exp: 1061 }, { ...wanted, file })).toBe(false)
  })
})
