import type { UnixSeconds } from '../time.ts'

/** A sandbox that was assigned to a runner and no longer is: it was ended, expired, or moved to another runner. */
export interface EndedAssignment {
  readonly runner_id: string
  readonly sandbox_id: string
  /** When that happened; for a sandbox with an expiry this is noted ahead of time. */
  readonly ended_at: UnixSeconds
}

/**
 * What runners lost, so that one that was away learns what to clean up. Notes may be wrong about a sandbox that is
 * assigned again: whoever reads them leaves out what is live. They prove nothing and protect nothing, so they are not
 * sealed.
 *
 * Every operation throws {@link IssuerError} `ERR_STORE_UNAVAILABLE` when the store cannot be asked and
 * `ERR_STORE_CORRUPT` when a note cannot be read.
 */
export interface EndedAssignments {
  /** Notes ends, each in place of an earlier note about the same runner and sandbox. Durable when it resolves. */
  put(ended: readonly EndedAssignment[]): Promise<void>

  /** The notes about a runner with `from <= ended_at <= until`, by sandbox ID as ASCII text. */
  list(runnerId: string, from: UnixSeconds, until: UnixSeconds): Promise<readonly EndedAssignment[]>

  /** Deletes at most `limit` notes with `ended_at < moment` and gives their number. */
  removeBefore(moment: UnixSeconds, limit: number): Promise<number>
}
