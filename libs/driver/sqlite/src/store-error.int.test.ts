import { cpSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import { toThrowWithCode } from '@workload-identity/contracts'
import Database from 'better-sqlite3'
import { IssuerError } from '@workload-identity/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from './open-database.ts'
import { toStoreError, withStoreErrors } from './store-error.ts'
import { temporaryPath } from './temporary-folder.testing.ts'

expect.extend({ toThrowWithCode })

function replaceByCopy(path: string): void {
  cpSync(path, `${path}.copy`)
  renameSync(`${path}.copy`, path)
}

function moveFolder(path: string): void {
  renameSync(dirname(path), `${dirname(path)}.away`)
}

describe('toStoreError', () => {
  it.each([
    ['SQLITE_BUSY', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_BUSY_SNAPSHOT', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_IOERR_READ', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_CANTOPEN', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_FULL', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_READONLY_DBMOVED', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_NOMEM', 'ERR_STORE_UNAVAILABLE'],
    ['SQLITE_CORRUPT', 'ERR_STORE_CORRUPT'],
    ['SQLITE_CORRUPT_INDEX', 'ERR_STORE_CORRUPT'],
    ['SQLITE_NOTADB', 'ERR_STORE_CORRUPT'],
    ['SQLITE_ERROR', 'ERR_STORE_CORRUPT'],
  ] as const)('makes %s into %s and keeps the cause', (sqliteCode, code) => {
    const cause = new Database.SqliteError('it did not work', sqliteCode)
    const error = toStoreError(cause, 'load the keys from', '/data/issuer.db')
    expect(error).toBeInstanceOf(IssuerError)
    expect(error).toMatchObject({
      code,
      cause,
      details: { path: '/data/issuer.db', sqlite_code: sqliteCode },
    })
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/^cannot load the keys from \/data\/issuer\.db: ./),
    )
  })

  it('gives back what is not of SQLite as it is', () => {
    const conflict = new IssuerError('ERR_STORE_CONFLICT', 'somebody was first')
    const mistake = new TypeError('not a function')
    expect(toStoreError(conflict, 'save', 'x')).toBe(conflict)
    expect(toStoreError(mistake, 'save', 'x')).toBe(mistake)
  })
})

describe('withStoreErrors', () => {
  it('gives what the work gives', () => {
    const database = openDatabase({ path: temporaryPath('issuer.db') })
    onTestFinished(() => void database.close())
    expect(withStoreErrors(database, 'read', () => 42)).toBe(42)
  })

  it('throws ERR_STORE_UNAVAILABLE without doing the work when the database was closed', () => {
    const database = openDatabase({ path: temporaryPath('issuer.db') })
    database.close()
    let done = false
    expect(() => withStoreErrors(database, 'read', () => (done = true))).toThrowWithCode(
      'ERR_STORE_UNAVAILABLE',
    )
    expect(done).toBe(false)
  })

  it.each([
    ['deleted', 'ERR_STORE_UNAVAILABLE', (path: string) => rmSync(path)],
    ['replaced by a copy', 'ERR_STORE_UNAVAILABLE', replaceByCopy],
    ['emptied', 'ERR_STORE_CORRUPT', (path: string) => truncateSync(path, 0)],
    ['moved together with its folder', 'ERR_STORE_UNAVAILABLE', moveFolder],
  ] as const)('does nothing when the file was %s: %s', (_, code, lose) => {
    const path = temporaryPath('data/issuer.db')
    const database = openDatabase({ path })
    onTestFinished(() => void database.close())
    lose(path)
    let done = false
    expect(() => withStoreErrors(database, 'read', () => (done = true))).toThrowWithCode(code)
    expect(done).toBe(false)
  })

  it('goes on when the file was put back', () => {
    const path = temporaryPath('issuer.db')
    const database = openDatabase({ path })
    onTestFinished(() => void database.close())
    renameSync(path, `${path}.away`)
    expect(() => withStoreErrors(database, 'read', () => 42)).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    renameSync(`${path}.away`, path)
    expect(withStoreErrors(database, 'read', () => 42)).toBe(42)
  })

  it('throws ERR_STORE_UNAVAILABLE when another process keeps the write lock', () => {
    const path = temporaryPath('issuer.db')
    const [one, other] = [openDatabase({ path, busyTimeoutMs: 20 }), openDatabase({ path })]
    onTestFinished(() => {
      one.close()
      other.close()
    })
    other.exec('BEGIN IMMEDIATE')
    expect(() => withStoreErrors(one, 'write', () => one.exec('CREATE TABLE t (x)'))).toThrowWithCode(
      'ERR_STORE_UNAVAILABLE',
    )
  })
})
