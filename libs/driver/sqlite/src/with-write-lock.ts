import { setTimeout } from 'node:timers/promises'
import { isIssuerError } from '@workload-identity/core'
import { withoutWaiting } from './lock-patience.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { isBusyError, withStoreErrors } from './store-error.ts'

// Short, as the lock is held for one fsync; spread, so that those who wait do not meet again.
const SHORTEST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 20

/**
 * Does `work` in a transaction that holds the write lock, committed when it resolves. While another process holds the lock
 * it tries again, up to about `busyTimeoutMs` of the database, and the process goes on with other things meanwhile; the
 * first attempt is made at once. `work` is done at most once to the end, but may be begun more often.
 *
 * @param doing as for {@link withStoreErrors}.
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when the lock was not to be had; as {@link withStoreErrors}; what `work` throws.
 */
export async function withWriteLock<T>(database: SqliteDatabase, doing: string, work: () => T): Promise<T> {
  for (let waitedMs = 0; ;) {
    try {
      return withStoreErrors(database, doing, () =>
        withoutWaiting(database, () => database.transaction(work).immediate()),
      )
    } catch (error) {
      if (!isHeldByAnother(error) || waitedMs >= database.busyTimeoutMs) throw error
    }
    const pauseMs = SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)
    await setTimeout(pauseMs)
    waitedMs += pauseMs
  }
}

function isHeldByAnother(error: unknown): boolean {
  return isIssuerError(error, 'ERR_STORE_UNAVAILABLE') && isBusyError(error.cause)
}
