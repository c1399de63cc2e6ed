/** What a statement that wrote has done. */
export interface SqliteRunResult {
  /** How many rows were inserted, updated or deleted, apart from those a foreign key took along. */
  readonly changes: number
}

/** A prepared statement with the types of its parameters and of the rows it gives. */
export interface SqliteStatement<Parameters extends unknown[], Row> {
  run(...parameters: Parameters): SqliteRunResult
  get(...parameters: Parameters): Row | undefined
  all(...parameters: Parameters): Row[]
}

/** A function that runs in a transaction: committed when it returns, rolled back when it throws. */
export interface SqliteTransaction<Result> {
  /** Begins with a snapshot; for several reads that belong together. */
  deferred(): Result
  /** Begins a transaction, or a savepoint within one: what it throws takes back what it did. */
  (): Result
  /** Begins by taking the write lock, so that nothing changes between what is read and what is written. */
  immediate(): Result
}

/**
 * An open SQLite database: the part of better-sqlite3's handle that adapters use, so that they need neither that package
 * nor its types. Everything is synchronous. Whoever opened it closes it.
 */
export interface SqliteDatabase {
  /** The absolute path of the file. */
  readonly name: string
  /** False from the moment it was closed. */
  readonly open: boolean
  readonly readonly: boolean
  /** How long to wait for a lock that another process holds before giving up, in milliseconds. */
  readonly busyTimeoutMs: number
  prepare<Parameters extends unknown[], Row>(sql: string): SqliteStatement<Parameters, Row>
  transaction<Result>(work: () => Result): SqliteTransaction<Result>
  /** Runs any number of statements without parameters. */
  exec(sql: string): unknown
  /** The value of a pragma, the first one with `simple`. */
  pragma(source: string, options?: { readonly simple?: boolean }): unknown
  /**
   * Throws when the file it opened is no longer the one at its path: SQLite would go on with the deleted one.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it was deleted or replaced; `ERR_STORE_CORRUPT` when it was emptied.
   */
  assertInPlace(): void
  close(): unknown
}
