import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { umask } from 'node:process'
import { toThrowWithCode } from '@workload-identity/contracts'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { APPLICATION_ID, openDatabase, type OpenDatabaseOptions } from './open-database.ts'
import { temporaryPath } from './temporary-folder.testing.ts'

expect.extend({ toThrowWithCode })

function openForTest(options: OpenDatabaseOptions) {
  const database = openDatabase(options)
  onTestFinished(() => void database.close())
  return database
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

describe('openDatabase', () => {
  it('creates a missing folder with mode 0700 and all files with mode 0600, whatever the umask', () => {
    const path = temporaryPath('deep/er/issuer.db')
    const before = umask(0)
    onTestFinished(() => void umask(before))
    const database = openForTest({ path })
    database.exec('CREATE TABLE t (x)')
    expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toStrictEqual(['600', '600', '600'])
    expect([dirname(path), dirname(dirname(path))].map(modeOf)).toStrictEqual(['700', '700'])
  })

  it('creates a file its owner can write under a umask that takes everything', () => {
    const path = temporaryPath('issuer.db')
    const before = umask(0o777)
    onTestFinished(() => void umask(before))
    openForTest({ path })
    expect(modeOf(path)).toBe('600')
  })

  it('leaves the mode of an existing folder alone', () => {
    const folder = temporaryPath('data')
    mkdirSync(folder)
    chmodSync(folder, 0o755)
    openForTest({ path: join(folder, 'issuer.db') })
    expect(modeOf(folder)).toBe('755')
  })

  it('puts durability and caution in force', () => {
    const database = openForTest({ path: temporaryPath('issuer.db'), busyTimeoutMs: 1234 })
    const pragmas = [
      'journal_mode',
      'synchronous',
      'secure_delete',
      'foreign_keys',
      'trusted_schema',
      'busy_timeout',
      'application_id',
    ]
    expect(
      Object.fromEntries(pragmas.map((name) => [name, database.pragma(name, { simple: true })])),
    ).toStrictEqual({
      journal_mode: 'wal',
      synchronous: 2,
      secure_delete: 1,
      foreign_keys: 1,
      trusted_schema: 0,
      busy_timeout: 50,
      application_id: 0x57494442,
    })
  })

  it('keeps what was committed for the next one to open it', () => {
    const path = temporaryPath('issuer.db')
    const first = openDatabase({ path })
    first.exec('CREATE TABLE t (x); INSERT INTO t VALUES (42)')
    first.close()
    expect(openForTest({ path }).prepare<[], { x: number }>('SELECT x FROM t').get()).toStrictEqual({ x: 42 })
  })

  it.each([
    ['read', 0o640],
    ['read', 0o604],
    ['write', 0o620],
    ['write', 0o602],
  ])(
    'refuses a file that others may %s (mode %o) with ERR_STORE_UNAVAILABLE and says chmod 600',
    (_, mode) => {
      const path = temporaryPath('issuer.db')
      openDatabase({ path }).close()
      chmodSync(path, mode)
      expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
      expect(() => openDatabase({ path })).toThrow(`chmod 600 ${path}*`)
      expect(() => openDatabase({ path, readOnly: true })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  )

  it('refuses a write-ahead log that others may read with ERR_STORE_UNAVAILABLE', () => {
    const path = temporaryPath('issuer.db')
    openForTest({ path }).exec('CREATE TABLE t (x)')
    chmodSync(`${path}-wal`, 0o644)
    expect(() => openDatabase({ path })).toThrow(`${path}-wal`)
  })

  it('follows a symbolic link to a private file', () => {
    const path = temporaryPath('issuer.db')
    openDatabase({ path }).close()
    symlinkSync(path, `${path}.link`)
    expect(openForTest({ path: `${path}.link` }).pragma('application_id', { simple: true })).toBe(
      APPLICATION_ID,
    )
  })

  it.each(['/proc/issuer.db', '/proc/nothing/below/issuer.db'])(
    'refuses %s, where no folder can be made, with ERR_STORE_UNAVAILABLE and at once',
    (path) => {
      expect(() => openForTest({ path })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  )

  it('refuses a folder, and a path below a file, with ERR_STORE_UNAVAILABLE', () => {
    const path = temporaryPath('issuer.db')
    openDatabase({ path }).close()
    expect(() => openDatabase({ path: dirname(path) })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(() => openDatabase({ path: join(path, 'issuer.db') })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })

  it.each(['', ' issuer.db', 'issuer.db\n'])('refuses the path %j as a mistake of the program', (path) => {
    expect(() => openDatabase({ path })).toThrow(RangeError)
  })

  it('refuses a file with a garbage header with ERR_STORE_CORRUPT', () => {
    const path = temporaryPath('issuer.db')
    openDatabase({ path }).close()
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill('garbage ', 0, 100))
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_CORRUPT')
    expect(() => openDatabase({ path, readOnly: true })).toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('refuses a file with a damaged page with ERR_STORE_CORRUPT', () => {
    const path = temporaryPath('issuer.db')
    const database = openDatabase({ path })
    database.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('something')")
    database.close()
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xa5, 4096, 4196))
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('refuses a file with one flipped bit in an index with ERR_STORE_CORRUPT', () => {
    const path = temporaryPath('issuer.db')
    const database = openDatabase({ path })
    database.exec("CREATE TABLE t (x TEXT NOT NULL PRIMARY KEY); INSERT INTO t VALUES ('needle')")
    database.close()
    const bytes = readFileSync(path)
    // The table is on the second page, its index on the third.
    const offset = bytes.indexOf('needle', 2 * 4096)
    expect(offset).toBeGreaterThan(2 * 4096)
    openDatabase({ path }).close()
    bytes[offset] = (bytes[offset] ?? 0) ^ 1
    writeFileSync(path, bytes)
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('checks a database of checkedBytes from end to end, and not one that is larger', () => {
    const path = temporaryPath('issuer.db')
    const database = openDatabase({ path })
    database.exec("CREATE TABLE t (x TEXT NOT NULL PRIMARY KEY); INSERT INTO t VALUES ('needle')")
    database.close()
    const bytes = readFileSync(path)
    const offset = bytes.indexOf('needle', 2 * 4096)
    bytes[offset] = (bytes[offset] ?? 0) ^ 1
    writeFileSync(path, bytes)
    expect(bytes.length).toBe(3 * 4096)
    expect(() => openDatabase({ path, checkedBytes: 12_288 })).toThrowWithCode('ERR_STORE_CORRUPT')
    openDatabase({ path, checkedBytes: 12_287 }).close()
  })

  it('refuses a file that was cut off with ERR_STORE_CORRUPT', () => {
    const path = temporaryPath('issuer.db')
    const database = openDatabase({ path })
    database.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('something')")
    database.close()
    truncateSync(path, 4096)
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it.each([
    ['tables but no application ID', 'CREATE TABLE theirs (x)'],
    ['another application ID', 'PRAGMA application_id = 7'],
  ])('refuses a database with %s with ERR_STORE_FOREIGN and leaves it as it was', (_, sql) => {
    const path = temporaryPath('theirs.db')
    new Database(path).exec(sql).close()
    chmodSync(path, 0o600)
    const before = readFileSync(path)
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_FOREIGN')
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it.each([
    ['was emptied', 0],
    ['was cut to one byte', 1],
    ['is a byte shorter than the smallest page', 511],
    ['was cut within its first page', 512],
  ])('refuses a file that %s with ERR_STORE_CORRUPT and leaves it as it was', (_, size) => {
    const path = temporaryPath('issuer.db')
    const database = openDatabase({ path })
    database.exec('CREATE TABLE t (x)')
    database.close()
    truncateSync(path, size)
    for (const readOnly of [false, true]) {
      expect(() => openDatabase({ path, readOnly })).toThrowWithCode('ERR_STORE_CORRUPT')
      expect(() => openDatabase({ path, readOnly })).toThrow('restore it from a backup')
    }
    expect(statSync(path).size).toBe(size)
  })

  it.each([
    ['emptied', (path: string) => truncateSync(path, 0)],
    ['deleted', (path: string) => rmSync(path)],
  ])('refuses a database that was %s beside its log with ERR_STORE_CORRUPT and keeps the log', (_, lose) => {
    const path = temporaryPath('issuer.db')
    openForTest({ path }).exec('CREATE TABLE t (x); INSERT INTO t VALUES (42)')
    // As a killed process leaves them.
    const copy = temporaryPath('issuer.db')
    for (const suffix of ['', '-wal']) cpSync(path + suffix, copy + suffix)
    const log = readFileSync(`${copy}-wal`)
    lose(copy)
    for (const readOnly of [false, true]) {
      expect(() => openDatabase({ path: copy, readOnly })).toThrowWithCode('ERR_STORE_CORRUPT')
    }
    expect(readFileSync(`${copy}-wal`).equals(log)).toBe(true)
  })

  it('makes a new database beside an empty log', () => {
    const path = temporaryPath('issuer.db')
    writeFileSync(`${path}-wal`, '', { mode: 0o600 })
    expect(openForTest({ path }).pragma('application_id', { simple: true })).toBe(APPLICATION_ID)
  })

  it('leaves nothing but the database when a new one is closed, whole by itself', () => {
    const path = temporaryPath('issuer.db')
    openDatabase({ path }).close()
    expect(readdirSync(dirname(path))).toStrictEqual(['issuer.db'])
    expect(readFileSync(path).toString('latin1', 0, 15)).toBe('SQLite format 3')
  })

  it('refuses an empty database that another program made with ERR_STORE_FOREIGN', () => {
    const path = temporaryPath('theirs.db')
    new Database(path).exec('CREATE TABLE t (x); DROP TABLE t').close()
    chmodSync(path, 0o600)
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_FOREIGN')
  })

  it('reads, but never writes, what it opens read-only', () => {
    const path = temporaryPath('issuer.db')
    openForTest({ path }).exec('CREATE TABLE t (x); INSERT INTO t VALUES (42)')
    const database = openForTest({ path, readOnly: true })
    expect(database.prepare<[], { x: number }>('SELECT x FROM t').get()).toStrictEqual({ x: 42 })
    expect(() => database.exec('DELETE FROM t')).toThrow('readonly')
  })

  it('refuses to create a database read-only with ERR_STORE_UNAVAILABLE', () => {
    const path = temporaryPath('issuer.db')
    expect(() => openDatabase({ path, readOnly: true })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('gives up with ERR_STORE_UNAVAILABLE when another one keeps a restored copy locked', () => {
    const path = temporaryPath('issuer.db')
    openDatabase({ path }).close()
    const other = new Database(path)
    onTestFinished(() => void other.close())
    other.pragma('journal_mode = DELETE')
    other.exec('BEGIN EXCLUSIVE')
    expect(() => openDatabase({ path, busyTimeoutMs: 30 })).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    other.exec('ROLLBACK')
    openForTest({ path })
  })
})
