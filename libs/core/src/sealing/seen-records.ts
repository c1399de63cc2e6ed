/** Which state of which record was seen: the registration it is of, and its revision. */
export interface SeenRecord {
  readonly registration: string
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
  /** Remembers that what was seen of the record is over, for good. */
  end(id: string): void
}

/** Makes {@link SeenRecords} that remember the last `limit` records, and as many ended ones; the oldest go first. */
export function createSeenRecords(limit: number): SeenRecords {
  // Both remember the order of insertion.
  const latest = new Map<string, SeenRecord>()
  const ended = new Set<string>()

  return {
    find: (id) => latest.get(id),
    judge(id, { registration, revision }) {
      if (ended.has(registration)) return 'ended'
      const seen = latest.get(id)
      if (seen === undefined) return 'as-expected'
      if (seen.registration !== registration) return 'other-registration'
      return revision < seen.revision ? 'older' : 'as-expected'
    },
    note(id, found) {
      const seen = latest.get(id)
      if (seen?.registration === found.registration && seen.revision > found.revision) return
      latest.delete(id)
      latest.set(id, found)
      trim(latest, limit)
    },
    end(id) {
      const seen = latest.get(id)
      if (seen === undefined) return
      latest.delete(id)
      ended.add(seen.registration)
      trim(ended, limit)
    },
  }
}

function trim(collection: Map<string, unknown> | Set<string>, limit: number): void {
  if (collection.size <= limit) return
  for (const oldest of collection.keys()) {
    collection.delete(oldest)
    return
  }
}
