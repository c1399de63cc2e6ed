import type { UnixSeconds } from '../time.ts'
import { IssuerError } from '../errors.ts'
import { algorithms, type SigningAlgorithm } from './algorithms.ts'
import type { KeyMembers } from './key-material.ts'

/** The schema of key ring documents this code writes, `major.minor`. */
export const KEY_RING_SCHEMA = '1.0'

/**
 * The states of a key, which it passes in this order: `next` is published and does not sign yet, `active` signs,
 * `retired` is published for verification only and has no private half. What comes after that is gone.
 */
export type KeyState = 'next' | 'active' | 'retired'

/** One key of a ring. Members that a newer minor schema adds are kept. */
export interface KeyEntry {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly state: KeyState
  /** Whether the issuer made it or took it over from an existing cluster. */
  readonly origin: 'generated' | 'adopted'
  readonly public: KeyMembers
  /** The private key; only `next` and `active` keys have it. */
  readonly private?: KeyMembers
  readonly created_at: UnixSeconds
  readonly published_at: UnixSeconds
  readonly activated_at?: UnixSeconds
  readonly retired_at?: UnixSeconds
  /** The first moment at which a retired key is no longer published; absent = until it is removed by hand. */
  readonly remove_at?: UnixSeconds
  readonly reason?: string
}

/** A key that left the ring. A revoked one stays here as a tombstone: it can never come back. */
export interface KeyHistoryEntry {
  readonly kid: string
  /** Absent in rings of before it was noted. */
  readonly alg?: SigningAlgorithm
  readonly public: KeyMembers
  /** Absent when it never signed, and for an adopted key, which signed before it came. */
  readonly signed_from?: UnixSeconds
  /** Absent when it never signed. */
  readonly signed_until?: UnixSeconds
  readonly ended_at: UnixSeconds
  /** `removed` when its time was over; `revoked`, or `revoked: <why>`, when it was taken out. */
  readonly reason: string
}

/** An issuer URL of the ring: the current one first, earlier ones with the end of their tokens' life. */
export interface RingIssuer {
  readonly url: string
  readonly until?: UnixSeconds
}

/**
 * All keys of an issuer: the document that a key store keeps, as it stands. Nothing is converted on the way, so that
 * members of a newer minor schema survive a save.
 */
export interface KeyRing {
  readonly schema: string
  /** Random, made with the ring, never changed: tells lineages apart. */
  readonly ring_id: string
  readonly cluster_id: string
  /** Counts saves. */
  readonly generation: number
  /** Random per save. */
  readonly write_id: string
  /** The registry that belongs to this ring. */
  readonly registry_id: string
  readonly issuers: readonly RingIssuer[]
  readonly keys: readonly KeyEntry[]
  readonly history: readonly KeyHistoryEntry[]
}

/** The key of a ring that signs. */
export function activeKey(ring: KeyRing): KeyEntry {
  const active = ring.keys.find((key) => key.state === 'active')
  if (active === undefined) throw broken('it has no active key')
  return active
}

/** The key that will sign next, if one is published. */
export function nextKey(ring: KeyRing): KeyEntry | undefined {
  return ring.keys.find((key) => key.state === 'next')
}

/** The issuer URL of the ring. */
export function currentIssuerUrl(ring: KeyRing): string {
  const [current] = ring.issuers
  if (current === undefined) throw broken('it has no issuer URL')
  return current.url
}

/** Whether a history entry is the tombstone of a revoked key. */
export function isTombstone(entry: KeyHistoryEntry): boolean {
  return entry.reason === 'revoked' || entry.reason.startsWith('revoked:')
}

/**
 * The keys that verifiers must know at `now`: the active one first, then the next, then retired ones whose time is not
 * over. A function of ring and clock, so that a key leaves on time even when nobody saves.
 */
export function publishedKeys(ring: KeyRing, now: UnixSeconds): readonly KeyEntry[] {
  const order: readonly KeyState[] = ['active', 'next', 'retired']
  return order.flatMap((state) =>
    ring.keys.filter((key) => key.state === state && (key.remove_at === undefined || now < key.remove_at)),
  )
}

/**
 * Checks what must hold in every ring: exactly one active key, at most one next, private members just where they belong,
 * dates that fit the state, no key twice, no revoked key among the living, a current issuer URL. Shapes and types are
 * the codec's business, the proof of keys that of `proveRing`.
 *
 * @throws {IssuerError} `ERR_KEY_RING_INVALID` naming the rule and the key.
 */
export function assertKeyRing(ring: KeyRing): void {
  const count = (state: KeyState) => ring.keys.filter((key) => key.state === state).length
  if (count('active') !== 1) throw broken(`it has ${count('active')} active keys instead of one`)
  if (count('next') > 1) throw broken(`it has ${count('next')} next keys; at most one may wait`)
  const seen = new Set<string>()
  for (const key of ring.keys) {
    if (seen.has(key.kid)) throw broken(`key ${key.kid} is in it twice`)
    seen.add(key.kid)
    const problem = keyProblem(key)
    if (problem !== undefined) throw broken(`key ${key.kid} ${problem}`)
  }
  for (const entry of ring.history) {
    if (hasPrivateMember(entry.public))
      throw broken(`key ${entry.kid} has private members in its public half`)
    if (isTombstone(entry) && seen.has(entry.kid)) throw broken(`key ${entry.kid} was revoked and is back`)
  }
  const [current, ...earlier] = ring.issuers
  if (current === undefined) throw broken('it has no issuer URL')
  if (current.until !== undefined) throw broken('its current issuer URL has an end')
  if (new Set(ring.issuers.map((issuer) => issuer.url)).size <= earlier.length) {
    throw broken('an issuer URL is in it twice')
  }
}

const privateMembers = new Set(Object.values(algorithms).flatMap((algorithm) => algorithm.privateMembers))

function hasPrivateMember(half: KeyMembers): boolean {
  return Object.keys(half).some((name) => privateMembers.has(name))
}

function keyProblem(key: KeyEntry): string | undefined {
  if (key.public['kty'] !== algorithms[key.alg].keyType) return `is not a key for ${key.alg}`
  if (hasPrivateMember(key.public)) return 'has private members in its public half'
  if (key.state === 'retired') {
    if (key.private !== undefined) return 'is retired and still has its private half'
    if (key.retired_at === undefined) return 'is retired without a date'
    if (key.remove_at !== undefined && key.remove_at < key.retired_at)
      return 'is to be removed before it retired'
    return undefined
  }
  if (key.private === undefined) return `is ${key.state} and has no private half`
  if (key.retired_at !== undefined) return `is ${key.state} and has a date of retirement`
  if (key.remove_at !== undefined) return `is ${key.state} and has a date of removal`
  if (key.state === 'active' && key.activated_at === undefined) return 'is active without a date'
  if (key.state === 'next' && key.activated_at !== undefined) return 'is next and has a date of activation'
  return undefined
}

function broken(reason: string): IssuerError {
  return new IssuerError('ERR_KEY_RING_INVALID', `the key ring breaks a rule: ${reason}`)
}
