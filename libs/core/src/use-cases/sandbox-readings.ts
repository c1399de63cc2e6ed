import { CLOCK_TOLERANCE } from '../key-ring/rotation-policy.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import type { Seconds, UnixSeconds } from '../time.ts'

/** How far a sandbox's record may be relied on after it was read from the store. */
export interface SandboxReadingPolicy {
  /** How long it counts without asking the store again: the time an end on another replica takes to be noticed here. */
  readonly trustedFor: Seconds
  /** How long it counts while the store cannot be reached. */
  readonly storeLag: Seconds
}

/** A record as the store gave it. */
export interface SandboxReading {
  readonly record: SandboxRecord
  /** When the store was asked. */
  readonly readAt: UnixSeconds
}

/** What a reading is worth: as good as the store's answer, better than none while the store is down, or nothing. */
export type ReadingWorth = 'trusted' | 'in-outage' | 'nothing'

/**
 * Judges whether whoever shows the secret with that SHA-256 is, by a reading, a live sandbox at `now`. Pure. What has
 * expired is worth nothing rather than a refusal: another replica may have renewed it since.
 *
 * A clock that was put back makes no reading young: one from the future is not trusted, and is worth nothing beyond the
 * tolerance that the key ring is given, too.
 */
export function judgeSandboxReading(
  { record, readAt }: SandboxReading,
  sha256: string,
  now: UnixSeconds,
  { trustedFor, storeLag }: SandboxReadingPolicy,
): ReadingWorth {
  const secret = record.secrets.find((candidate) => candidate.sha256 === sha256)
  if (secret === undefined) return 'nothing'
  if (secret.valid_until !== undefined && now >= secret.valid_until) return 'nothing'
  if (record.expires_at !== undefined && now >= record.expires_at) return 'nothing'
  const age = now - readAt
  if (age < -CLOCK_TOLERANCE || age >= storeLag) return 'nothing'
  return age >= 0 && age < trustedFor ? 'trusted' : 'in-outage'
}

/** The latest readings of sandboxes, bounded: the oldest go first. */
export interface SandboxReadings {
  /** The reading that knew the secret with that SHA-256. */
  find(sha256: string): SandboxReading | undefined
  /** Takes over a reading unless a later one of the same sandbox is there; `turn` grows with every question asked. */
  put(reading: SandboxReading, turn: number): void
  /** Forgets a sandbox. */
  forget(sandboxId: string): void
  /** Forgets the sandbox that had the secret, unless it was read later than at `turn`. */
  forgetSecret(sha256: string, turn: number): void
  /** How many sandboxes are remembered. */
  size(): number
}

/** Makes {@link SandboxReadings} that keep about `maxBytes` at most, and nothing older than `maxAge` for long. */
export function createSandboxReadings(maxBytes: number, maxAge: Seconds): SandboxReadings {
  interface Entry extends SandboxReading {
    readonly turn: number
    readonly bytes: number
  }
  // A Map remembers the order of insertion, which is that of the readings.
  const entries = new Map<string, Entry>()
  const sandboxOfSecret = new Map<string, string>()
  let bytes = 0

  const forget = (sandboxId: string) => {
    const entry = entries.get(sandboxId)
    if (entry === undefined) return
    entries.delete(sandboxId)
    bytes -= entry.bytes
    for (const { sha256 } of entry.record.secrets) {
      // Another sandbox may have been given the secret since.
      if (sandboxOfSecret.get(sha256) === sandboxId) sandboxOfSecret.delete(sha256)
    }
  }
  const find = (sha256: string) => entries.get(sandboxOfSecret.get(sha256) ?? '')
  const shrink = (now: UnixSeconds) => {
    for (const [sandboxId, entry] of entries) {
      if (bytes <= maxBytes && now - entry.readAt < maxAge) return
      forget(sandboxId)
    }
  }

  return {
    find,
    put({ record, readAt }, turn) {
      const known = entries.get(record.sandbox_id)
      if (known !== undefined && known.turn > turn) return
      forget(record.sandbox_id)
      const entry = { record, readAt, turn, bytes: estimateBytes(record) }
      entries.set(record.sandbox_id, entry)
      bytes += entry.bytes
      for (const { sha256 } of record.secrets) sandboxOfSecret.set(sha256, record.sandbox_id)
      shrink(readAt)
    },
    forget,
    forgetSecret(sha256, turn) {
      const known = find(sha256)
      if (known !== undefined && known.turn < turn) forget(known.record.sandbox_id)
    },
    size: () => entries.size,
  }
}

/** About what a record takes in memory: the maps and fixed parts, and its texts, of which only the audiences can be long. */
function estimateBytes({
  sandbox_id: id,
  app,
  runner_id: runner,
  allowed_audiences,
  secrets,
}: SandboxRecord): number {
  const texts = [id, app, runner ?? '', ...(allowed_audiences ?? [])]
  return texts.reduce((sum, text) => sum + 50 + text.length, 500 + 300 * secrets.length)
}
