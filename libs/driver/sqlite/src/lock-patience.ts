import type { SqliteDatabase } from './sqlite-database.ts'

// Reads meet a lock only while another process opens or closes the database; a checkpoint waits for reads of microseconds.
const LONGEST_BLOCK_MS = 50

/**
 * Lets SQLite itself wait for locks only briefly from now on, as it stops the whole process for that long: at most 50
 * milliseconds, and no longer than `busyTimeoutMs` of the database.
 */
export function waitBriefly(database: SqliteDatabase): void {
  database.pragma(`busy_timeout = ${Math.min(LONGEST_BLOCK_MS, database.busyTimeoutMs)}`)
}

/** Does `work` with SQLite waiting for locks as long as `busyTimeoutMs` of the database: for the time before it serves. */
export function waitingFully<T>(database: SqliteDatabase, work: () => T): T {
  return withBusyTimeout(database, database.busyTimeoutMs, work)
}

/** Does `work` with every lock that another process holds failing at once. */
export function withoutWaiting<T>(database: SqliteDatabase, work: () => T): T {
  return withBusyTimeout(database, 0, work)
}

function withBusyTimeout<T>(database: SqliteDatabase, milliseconds: number, work: () => T): T {
  database.pragma(`busy_timeout = ${milliseconds}`)
  try {
    return work()
  } finally {
    waitBriefly(database)
  }
}
