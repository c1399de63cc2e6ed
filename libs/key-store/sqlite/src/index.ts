export { migrateSqliteKeyStore } from './migrations.ts'
export { createSqliteKeyStore, type SqliteKeyStoreOptions } from './sqlite-key-store.ts'
