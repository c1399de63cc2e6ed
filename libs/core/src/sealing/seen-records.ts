import { addSeconds, seconds, type UnixSeconds } from '../time.ts'

/** Which state of which record was seen: the registration it is of, when that was, and its revision. */
export interface SeenRecord {
  readonly registration: string
  readonly created_at: UnixSeconds
  readonly revision: number
}

/** What a record that was just read is, compared with what was seen before. */
export type Sighting = 'as-expected' | 'other-registration' | 'older' | 'ended'

/** The latest states of records that this process has seen, so that an older one that is put back is noticed. */
export interface SeenRecords {
  find(id: string): SeenRecord | undefined
  /** Compares a record with what was seen. Changes nothing. */
  judge(id: string, found: SeenRecord): Sighting
  /** Remembers a state of a record, unless a later one of the same registration is remembered. */
  note(id: string, seen: SeenRecord): void
  /** Remembers that a registration of the record is over as it was seen, for good. */
  end(id: string, seen: SeenRecord): void
}

/** How far apart the clocks of two issuers may be before a registration seems to come before the one that it followed. */
const MAX_CLOCK_DIFFERENCE = seconds(3600)

/** Makes {@link SeenRecords} that remember the last `limit` records, and as many ended ones; the oldest go first. */
export function createSeenRecords(limit: number): SeenRecords {
  // Both remember the order of insertion.
  const latest = new Map<string, SeenRecord>()
  /** Registrations that are over, with their last revision. */
  const ended = new Map<string, number>()

  return {
    find: (id) => latest.get(id),
    judge(id, { registration, created_at, revision }) {
      // A change that was under way may have come after the end, and then it is not what ended.
      if (revision <= (ended.get(registration) ?? 0)) return 'ended'
      const seen = latest.get(id)
      if (seen === undefined) return 'as-expected'
      if (seen.registration !== registration) {
        // One that is over may come back that was never seen: it is from before the one that was.
        const isEarlier = addSeconds(created_at, MAX_CLOCK_DIFFERENCE) < seen.created_at
        return isEarlier ? 'older' : 'other-registration'
      }
      return revision < seen.revision ? 'older' : 'as-expected'
    },
    note(id, found) {
      const seen = latest.get(id)
      if (seen?.registration === found.registration && seen.revision > found.revision) return
      latest.delete(id)
      latest.set(id, found)
      trim(latest, limit)
    },
    end(id, { registration, revision }) {
      if (latest.get(id)?.registration === registration) latest.delete(id)
      ended.set(registration, Math.max(revision, ended.get(registration) ?? 0))
      trim(ended, limit)
    },
  }
}

function trim(collection: Map<string, unknown>, limit: number): void {
  if (collection.size <= limit) return
  for (const oldest of collection.keys()) {
    collection.delete(oldest)
    return
  }
}
