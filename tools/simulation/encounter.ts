import {
  activeKey,
  isReadingFresh,
  jwksCacheLifetime,
  MIN_JWKS_MAX_AGE,
  nextKey,
  publishedKeys,
  type CacheLifetime,
  type KeyRing,
  type RotationPolicy,
  type UnixSeconds,
} from '@workload-identity/core'
import { highIsUnknown, highIsWorst, lowIsWorst, type Chooser, type WorstEnd } from './choose.ts'
import {
  deviations,
  isAsleep,
  readClock,
  ringReadAt,
  whenClockReads,
  type RingHistory,
  type RingVersion,
} from './world.ts'

/** What happens when a token is shown to a verifier. */
export type Outcome =
  /** The verifier has the key. */
  | 'known'
  /** The verifier's set lacks the key: a violation. */
  | 'unknown'
  /** The choices do not meet: the set was used up before the token was signed, or nobody was awake. */
  | 'missed'
  /** The replica may not sign although it read the ring just now: a violation. */
  | 'cannot-sign'

/** What an encounter takes place in. */
export interface EncounterOptions {
  readonly history: RingHistory
  readonly policy: RotationPolicy
  readonly maxTtl: number
  readonly chooser: Chooser
  /** The activation around which it takes place: its place among the versions. */
  readonly activation: number
}

interface Token {
  readonly kid: string
  readonly signedAt: number
  /** The last true millisecond at which a verifier takes it. */
  readonly acceptedUntil: number
}

/** A set that a verifier got at a moment and may use until another. */
interface HeldSet {
  readonly kids: ReadonlySet<string>
  readonly from: number
  readonly until: number
}

const SECOND = 1000

/** Shows a token that was signed around an activation to a verifier that got its key set around that time. */
export function encounter(options: EncounterOptions): Outcome {
  const { chooser, history } = options
  const isNewKey = chooser.harm === undefined ? chooser.oneIn(2, true) : chooser.harm === 'key-not-yet-known'
  const token = isNewKey ? signWithNewKey(options) : signWithOldKey(options)
  if (token === undefined) return 'cannot-sign'
  const held = isNewKey ? holdOldSet(options, token) : holdNewSet(options, token)
  const from = Math.max(token.signedAt, held.from)
  const until = Math.min(token.acceptedUntil, held.until)
  if (from > until || isAsleep(history, token.signedAt)) return 'missed'
  return held.kids.has(token.kid) ? 'known' : 'unknown'
}

/** The replica that made the key active signs with it, at once or later. */
function signWithNewKey({ history, chooser, activation, ...options }: EncounterOptions): Token | undefined {
  const { ring, savedAt } = versionAt(history, activation)
  const deviation = chooseDeviation(chooser, highIsUnknown)
  const readAt = readClock(savedAt, deviation)
  if (!isReadingFresh(readAt, readAt, options.policy.storeLag)) return undefined
  const lifetime = options.policy.activeFor * SECOND
  const signedAt = savedAt + chooser.between(0, Math.min(lifetime, 2 * 86_400 * SECOND), lowIsWorst)
  return issue(activeKey(ring).kid, signedAt, deviation, { chooser, ...options })
}

/** A replica that read the ring just before the key was retired goes on signing with it, as long as it may. */
function signWithOldKey({ history, chooser, activation, ...options }: EncounterOptions): Token | undefined {
  const { savedAt } = versionAt(history, activation)
  const { storeLag } = options.policy
  const read = savedAt - chooser.between(0, storeLag * SECOND, lowIsWorst)
  const readDeviation = chooseDeviation(chooser, highIsWorst)
  const deviation = chooseDeviation(chooser, highIsWorst)
  const readAt = readClock(read, readDeviation)
  const last = lastFreshMoment(readAt, deviation, storeLag)
  const signedAt = chooser.between(read, Math.max(read, last), highIsWorst)
  if (!isReadingFresh(readAt, readClock(signedAt, deviation), storeLag)) {
    return isReadingFresh(readAt, readAt, storeLag)
      ? issue(activeKey(ringReadAt(history, read)).kid, read, readDeviation, { chooser, ...options })
      : undefined
  }
  return issue(activeKey(ringReadAt(history, read)).kid, signedAt, deviation, { chooser, ...options })
}

function issue(
  kid: string,
  signedAt: number,
  deviation: number,
  { chooser, maxTtl }: Pick<EncounterOptions, 'chooser' | 'maxTtl'>,
): Token {
  const exp = readClock(signedAt, deviation) + chooser.between(60, maxTtl, highIsWorst)
  // A verifier with a slow clock that forgives as much as the clocks may be apart.
  const leeway = chooser.between(0, deviations.greatest / SECOND, highIsWorst)
  const acceptedUntil = whenClockReads(exp + leeway, chooseDeviation(chooser, lowIsWorst)) - 1
  return { kid, signedAt, acceptedUntil }
}

/** A verifier that got its set as late as possible from a replica that had not read of the new key yet. */
function holdOldSet({ history, policy, chooser, activation }: EncounterOptions, token: Token): HeldSet {
  const published = versionAt(history, publicationOf(history, activation)).savedAt
  // Most of what was read long before or after the publication says nothing, so it is read around it.
  const around = (2 * policy.storeLag + 300) * SECOND
  const read =
    chooser.harm === undefined ? published + chooser.between(-around, around, lowIsWorst) : published
  const readAt = readClock(read, chooseDeviation(chooser, highIsWorst))
  const deviation = chooseDeviation(chooser, lowIsWorst)
  const last = lastFreshMoment(readAt, deviation, policy.storeLag)
  const servedAt = chooser.between(read, Math.max(read, last), highIsWorst)
  return keep({ history, policy, chooser }, { read, readAt, servedAt, deviation }, token)
}

/** A verifier that asks while the token is alive, best at the end, from a replica whose clock is ahead. */
function holdNewSet({ history, policy, chooser }: EncounterOptions, token: Token): HeldSet {
  const servedAt = chooser.between(token.signedAt, token.acceptedUntil, highIsWorst)
  const read = servedAt - chooser.between(0, policy.storeLag * SECOND, lowIsWorst)
  const deviation = chooseDeviation(chooser, highIsWorst)
  const readAt = readClock(read, chooseDeviation(chooser, highIsWorst))
  return keep({ history, policy, chooser }, { read, readAt, servedAt, deviation }, token)
}

interface Serving {
  readonly read: number
  readonly readAt: UnixSeconds
  readonly servedAt: number
  readonly deviation: number
}

/**
 * What a replica serves, by way of a shared cache or not, and until when the verifier uses it: a shared cache keeps it
 * for `max-age` and, while it cannot reach the issuer, for `stale-if-error` more; the verifier behind it starts `max-age`
 * anew. A verifier that asks the issuer itself is such a cache.
 */
function keep(
  { history, policy, chooser }: Pick<EncounterOptions, 'history' | 'policy' | 'chooser'>,
  { read, readAt, servedAt, deviation }: Serving,
  token: Token,
): HeldSet {
  const ring = ringReadAt(history, read)
  const now = readClock(servedAt, deviation)
  const kids = new Set(publishedKeys(ring, now).map((key) => key.kid))
  if (isAsleep(history, servedAt)) return { kids, from: 0, until: -1 }
  // Beyond that lag a replica is not ready and gets no requests: only what it answers until then counts.
  if (!isReadingFresh(readAt, now, policy.storeLag)) return { kids, from: 0, until: -1 }
  const { maxAge, staleIfError = 0 } = lifetimeOf(ring, policy, now, chooser)
  const isDown = chooser.oneIn(2, true)
  const shared = (maxAge + (isDown ? staleIfError : 0)) * SECOND - 1
  const isShared = chooser.oneIn(2, chooser.harm === 'key-not-yet-known')
  if (!isShared) return { kids, from: servedAt, until: servedAt + shared }
  const fetchedAt = chooser.between(servedAt, Math.min(servedAt + shared, token.acceptedUntil), highIsWorst)
  return { kids, from: fetchedAt, until: fetchedAt + maxAge * SECOND - 1 }
}

function lifetimeOf(
  ring: KeyRing,
  policy: RotationPolicy,
  now: UnixSeconds,
  chooser: Chooser,
): CacheLifetime {
  const jitter = chooser.between(0, 1000, lowIsWorst) / 1000
  // A replica that knows of no newer key has not been told to make one either.
  const lifetime = jwksCacheLifetime(ring, policy, now, { jitter })
  if (lifetime.maxAge < MIN_JWKS_MAX_AGE) throw new Error(`max-age ${lifetime.maxAge} is below the least`)
  return lifetime
}

/** The last true millisecond at which a clock with that deviation calls the reading fresh. */
function lastFreshMoment(readAt: number, deviation: number, storeLag: number): number {
  return whenClockReads(readAt + storeLag, deviation) - 1
}

function chooseDeviation(chooser: Chooser, worst: WorstEnd): number {
  return chooser.between(deviations.least, deviations.greatest, worst)
}

function versionAt({ versions }: RingHistory, place: number): RingVersion {
  const version = versions[place]
  if (version === undefined) throw new RangeError(`there is no version ${place}`)
  return version
}

/** The version that published the key which is activated in another. */
function publicationOf({ versions }: RingHistory, activation: number): number {
  const kid = activeKey(versionAt({ versions, sleeps: [], overstay: 0 }, activation).ring).kid
  return versions.findIndex(({ ring }) => nextKey(ring)?.kid === kid)
}
