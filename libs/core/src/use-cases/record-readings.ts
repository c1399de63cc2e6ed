import { CLOCK_TOLERANCE } from '../key-ring/rotation-policy.ts'
import type { SecretHash } from '../ports/registry.ts'
import type { Seconds, UnixSeconds } from '../time.ts'

/** How far a record may be relied on after it was read from the store. */
export interface ReadingPolicy {
  /** How long it counts without asking the store again: the time an end on another replica takes to be noticed here. */
  readonly trustedFor: Seconds
  /** How long it counts while the store cannot be reached. */
  readonly storeLag: Seconds
}

/** What a record must have to be remembered. */
export interface ReadableRecord {
  readonly secrets: readonly SecretHash[]
  readonly expires_at?: UnixSeconds
  readonly runner_id?: string
}

/** A record as the store gave it. */
export interface Reading<T extends ReadableRecord> {
  readonly record: T
  /** When the store was asked. */
  readonly readAt: UnixSeconds
}

/** What a reading is worth: as good as the store's answer, better than none while the store is down, or nothing. */
export type ReadingWorth = 'trusted' | 'in-outage' | 'nothing'

/**
 * Which record is wanted: the one that has the secret with that SHA-256, or the one with that ID, which may have to be
 * assigned to a runner.
 */
export type Wanted = { readonly sha256: string } | { readonly id: string; readonly runnerId?: string }

/**
 * Judges whether, by a reading, a sandbox or runner lives at `now`, and has the secret when it is wanted by one. Pure. What
 * has expired is worth nothing rather than a refusal: another replica may have renewed it since. So is one that is assigned
 * to another runner than the one it is wanted for: it may have been moved.
 *
 * A clock that was put back makes no reading young: one from the future is not trusted, and is worth nothing beyond the
 * tolerance that the key ring is given, too.
 */
export function judgeReading(
  { record, readAt }: Reading<ReadableRecord>,
  wanted: Wanted,
  now: UnixSeconds,
  { trustedFor, storeLag }: ReadingPolicy,
): ReadingWorth {
  if ('sha256' in wanted) {
    const secret = record.secrets.find((candidate) => candidate.sha256 === wanted.sha256)
    if (secret === undefined) return 'nothing'
    if (secret.valid_until !== undefined && now >= secret.valid_until) return 'nothing'
  }
  if ('id' in wanted && wanted.runnerId !== undefined && record.runner_id !== wanted.runnerId)
    return 'nothing'
  if (record.expires_at !== undefined && now >= record.expires_at) return 'nothing'
  const age = now - readAt
  if (age < -CLOCK_TOLERANCE || age >= storeLag) return 'nothing'
  return age >= 0 && age < trustedFor ? 'trusted' : 'in-outage'
}

/** The latest readings, bounded: the oldest go first. */
export interface Readings<T extends ReadableRecord> {
  /** The reading of what is wanted. */
  find(wanted: Wanted): Reading<T> | undefined
  /** Takes over a reading unless a later one of the same ID is there; `turn` grows with every question asked. */
  put(reading: Reading<T>, turn: number): void
  /** Forgets the record with that ID. */
  forget(id: string): void
  /** Forgets the record that was wanted, unless it was read later than at `turn`. */
  forgetWanted(wanted: Wanted, turn: number): void
  /** How many records are remembered. */
  size(): number
}

/** What {@link createReadings} needs to know of records. */
export interface ReadingsOptions<T> {
  readonly idOf: (record: T) => string
  /** About what a record takes in memory. */
  readonly bytesOf: (record: T) => number
  /** About how much is kept at most. */
  readonly maxBytes: number
  /** Nothing older is kept for long. */
  readonly maxAge: Seconds
}

/** Makes {@link Readings}. */
export function createReadings<T extends ReadableRecord>(options: ReadingsOptions<T>): Readings<T> {
  const { idOf, bytesOf, maxBytes, maxAge } = options
  interface Entry extends Reading<T> {
    readonly turn: number
    readonly bytes: number
  }
  // A Map remembers the order of insertion, which is that of the readings.
  const entries = new Map<string, Entry>()
  const idOfSecret = new Map<string, string>()
  let bytes = 0

  const forget = (id: string) => {
    const entry = entries.get(id)
    if (entry === undefined) return
    entries.delete(id)
    bytes -= entry.bytes
    for (const { sha256 } of entry.record.secrets) {
      // Another one may have been given the secret since.
      if (idOfSecret.get(sha256) === id) idOfSecret.delete(sha256)
    }
  }
  const find = (wanted: Wanted) =>
    entries.get('id' in wanted ? wanted.id : (idOfSecret.get(wanted.sha256) ?? ''))
  const shrink = (now: UnixSeconds) => {
    for (const [id, entry] of entries) {
      if (bytes <= maxBytes && now - entry.readAt < maxAge) return
      forget(id)
    }
  }

  return {
    find,
    put({ record, readAt }, turn) {
      const id = idOf(record)
      const known = entries.get(id)
      if (known !== undefined && known.turn > turn) return
      forget(id)
      const entry = { record, readAt, turn, bytes: bytesOf(record) }
      entries.set(id, entry)
      bytes += entry.bytes
      for (const { sha256 } of record.secrets) idOfSecret.set(sha256, id)
      shrink(readAt)
    },
    forget,
    forgetWanted(wanted, turn) {
      const known = find(wanted)
      if (known !== undefined && known.turn < turn) forget(idOf(known.record))
    },
    size: () => entries.size,
  }
}
