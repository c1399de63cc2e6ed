export { APPLICATION_ID, openDatabase, type OpenDatabaseOptions } from './open-database.ts'
export { migrate } from './migrate.ts'
export { toStoreError, withStoreErrors } from './store-error.ts'
export { withWriteLock } from './with-write-lock.ts'
export type {
  SqliteDatabase,
  SqliteRunResult,
  SqliteStatement,
  SqliteTransaction,
} from './sqlite-database.ts'
