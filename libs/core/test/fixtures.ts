import { expect } from 'vitest'
import type { IssuerErrorCode } from '../src/errors.ts'
import { toSigningKeyMaterial, type SigningKeyMaterial } from '../src/key-ring/key-material.ts'
import type { KeyEntry, KeyRing } from '../src/key-ring/key-ring.ts'
import { importPrivateKeyPem } from '../src/key-ring/pem.ts'
import { createKeyRing } from '../src/key-ring/transitions.ts'
import { unixSeconds, type UnixSeconds } from '../src/time.ts'
import vectors from './vectors/keys.json' with { type: 'json' }

/** 2026-01-01T00:00:00Z, the moment at which most tests begin. */
export const START = unixSeconds(1_767_225_600)

/** The moment that many seconds after {@link START}. */
export function after(duration: number): UnixSeconds {
  return unixSeconds(START + duration)
}

/** The issuer URL of most tests. */
export const ISSUER_URL = 'https://id.example.com'

/** Three UUIDs that are easy to tell apart. */
export const UUIDS = {
  ring: '11111111-1111-4111-8111-111111111111',
  write: '22222222-2222-4222-8222-222222222222',
  registry: '33333333-3333-4333-8333-333333333333',
} as const

/** The name of a committed key vector. */
export type VectorName = keyof typeof vectors

/** The PEM text of a committed key vector. */
export function pemOf(name: VectorName): string {
  return vectors[name].pem
}

/** The key ID that openssl computed for a committed key vector. */
export function kidOf(name: VectorName): string {
  const vector = vectors[name]
  if (!('kid' in vector)) throw new RangeError(`vector ${name} has no key ID`)
  return vector.kid
}

/** Committed keys, one for every algorithm and a second one of the common kinds; nothing is generated here. */
export const keys = {
  rs256: await importPrivateKeyPem(pemOf('rsa-2048')),
  rs256Other: await importPrivateKeyPem(pemOf('rsa-other')),
  rs256Long: await importPrivateKeyPem(pemOf('rsa-3072')),
  ps256: await asPs256(await importPrivateKeyPem(pemOf('rsa-other'))),
  es256: await importEcPem(pemOf('p256')),
  eddsa: await importPrivateKeyPem(pemOf('ed25519')),
  eddsaOther: await importPrivateKeyPem(pemOf('ed25519-other')),
} as const satisfies Record<string, SigningKeyMaterial>

/** A ring with one active key, made at {@link START}. */
export function ringOf(key: SigningKeyMaterial, changes: Partial<KeyRing> = {}): KeyRing {
  const ids = { ringId: UUIDS.ring, writeId: UUIDS.write, registryId: UUIDS.registry }
  return { ...createKeyRing({ ...ids, clusterId: 'eu-1', issuerUrl: ISSUER_URL, key }, START), ...changes }
}

/** A retired entry of a ring, without its private half. */
export function retiredEntry(key: SigningKeyMaterial, changes: Partial<KeyEntry> = {}): KeyEntry {
  const { kid, alg, public: publicHalf } = key
  return {
    ...{ kid, alg, state: 'retired', origin: 'generated', public: publicHalf },
    ...{ created_at: START, published_at: START, activated_at: START, retired_at: START },
    ...changes,
  }
}

/** A next entry of a ring. */
export function nextEntry(key: SigningKeyMaterial, changes: Partial<KeyEntry> = {}): KeyEntry {
  return { ...key, state: 'next', origin: 'generated', created_at: START, published_at: START, ...changes }
}

/** Matches an {@link IssuerError} by its code: `expect(f).toThrow(withCode('ERR_…'))`. */
export function withCode(code: IssuerErrorCode): Error {
  return expect.objectContaining({ name: 'IssuerError', code }) as Error
}

/** The error that a promise is rejected with, or that a function throws; fails when there is none. */
export async function errorOf(attempt: () => unknown): Promise<Error & { code?: string }> {
  try {
    await attempt()
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('it was expected to fail')
}

/** Everything a log could show of an error: its text, details and causes. */
export function wholeTextOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = JSON.stringify(Object.fromEntries(Object.entries(error)))
  return `${error.message} ${error.stack ?? ''} ${own} ${error.cause === undefined ? '' : wholeTextOf(error.cause)}`
}

/** The value with everything in it frozen, so that a function that changes its input throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member)
    Object.freeze(value)
  }
  return value
}

async function asPs256(key: SigningKeyMaterial): Promise<SigningKeyMaterial> {
  return toSigningKeyMaterial('PS256', key.private)
}

async function importEcPem(pem: string): Promise<SigningKeyMaterial> {
  const body = atob(pem.split('\n').slice(1, -2).join(''))
  const der = Uint8Array.from(body, (character) => character.charCodeAt(0))
  const parameters = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('pkcs8', der, parameters, true, ['sign'])
  return toSigningKeyMaterial('ES256', await crypto.subtle.exportKey('jwk', key))
}
