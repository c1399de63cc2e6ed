import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { keyStoreContract } from '@workload-identity/contracts'
import { openDatabase, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSqliteKeyStore, migrateSqliteKeyStore } from './index.ts'

keyStoreContract('createSqliteKeyStore', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wid-key-store-'))
  const databases: SqliteDatabase[] = []
  return {
    open: async () => {
      const database = openDatabase({ path: join(folder, 'issuer.db') })
      databases.push(database)
      migrateSqliteKeyStore(database)
      return createSqliteKeyStore({ database })
    },
    readRaw: async () => readFiles(folder),
    makeUnavailable: async () => databases.forEach((database) => database.close()),
    destroy: async () => {
      for (const database of databases) database.close()
      rmSync(folder, { recursive: true })
    },
  }
})

function readFiles(folder: string): Buffer {
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
}

const first = { generation: 1, write_id: 'first', document: '{}' }

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-key-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'issuer.db')
}

function openForTest(path: string, readOnly = false): SqliteDatabase {
  const database = openDatabase({ path, readOnly, busyTimeoutMs: 50 })
  onTestFinished(() => void database.close())
  if (!readOnly) migrateSqliteKeyStore(database)
  return database
}

function keysIn(database: SqliteDatabase): unknown[] {
  return database.prepare('SELECT * FROM keys').all()
}

describe('createSqliteKeyStore', () => {
  it('does no I/O until it is used', () => {
    const path = temporaryPath()
    const database = openDatabase({ path })
    database.close()
    createSqliteKeyStore({ database })
  })

  it('keeps what another process saved before it was killed', async () => {
    const path = temporaryPath()
    const store = createSqliteKeyStore({ database: openForTest(path) })
    await store.save(first, undefined)
    const program = new URL('./save-ring.testing.ts', import.meta.url).pathname
    const other = spawn(execPath, ['--conditions=@workload-identity/source', program, path], {
      stdio: 'inherit',
    })
    expect(await once(other, 'exit')).toStrictEqual([null, 'SIGKILL'])
    expect(await store.load()).toMatchObject({ generation: 2, write_id: 'from-another-process' })
    await expect(store.save({ ...first, generation: 2 }, first)).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
  })

  it('leaves nothing of a replaced document in its files', async () => {
    const path = temporaryPath()
    const store = createSqliteKeyStore({ database: openForTest(path) })
    await store.save({ ...first, document: 'PRIVATE-HALF '.repeat(2000) }, undefined)
    await store.save({ generation: 2, write_id: 'second', document: '{}' }, first)
    for (const file of [path, `${path}-wal`]) expect(readFileSync(file).includes('PRIVATE-HALF')).toBe(false)
  })

  it('says so while another process keeps the write-ahead log, and erases it after that', async () => {
    const path = temporaryPath()
    const [database, other] = [openForTest(path), openForTest(path)]
    const store = createSqliteKeyStore({ database })
    await store.save({ ...first, document: 'PRIVATE-HALF '.repeat(2000) }, undefined)
    other.exec('BEGIN')
    other.prepare('SELECT * FROM key_ring').get()
    await store.save({ generation: 2, write_id: 'second', document: '{}' }, first)
    expect(await store.eraseReplaced?.()).toEqual([
      expect.stringMatching(/another process uses the database/),
    ])
    other.exec('COMMIT')
    expect(await store.eraseReplaced?.()).toStrictEqual([])
    for (const file of [path, `${path}-wal`]) expect(readFileSync(file).includes('PRIVATE-HALF')).toBe(false)
  })

  it('keeps its files to their owner', async () => {
    const path = temporaryPath()
    await createSqliteKeyStore({ database: openForTest(path) }).save(first, undefined)
    const modes = [path, `${path}-wal`, `${path}-shm`].map((file) =>
      (statSync(file).mode & 0o777).toString(8),
    )
    expect(modes).toStrictEqual(['600', '600', '600'])
  })

  it('rejects a save with ERR_STORE_UNAVAILABLE while another process keeps the write lock, and still loads', async () => {
    const path = temporaryPath()
    const [database, other] = [openForTest(path), openForTest(path)]
    const store = createSqliteKeyStore({ database })
    await store.save(first, undefined)
    other.exec('BEGIN IMMEDIATE')
    const save = store.save({ ...first, generation: 2 }, first)
    await expect(save).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(await store.load()).toStrictEqual(first)
  })

  it('rejects a save with ERR_STORE_UNAVAILABLE when the disk is full, and changes nothing', async () => {
    const database = openForTest(temporaryPath())
    const store = createSqliteKeyStore({ database })
    await store.save(first, undefined)
    database.pragma('max_page_count = 1')
    const save = store.save({ generation: 2, write_id: 'second', document: 'x'.repeat(100_000) }, first)
    await expect(save).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(await store.load()).toStrictEqual(first)
  })

  it('rejects load and save with ERR_STORE_UNAVAILABLE once its file was deleted or replaced', async () => {
    const path = temporaryPath()
    const store = createSqliteKeyStore({ database: openForTest(path) })
    await store.save(first, undefined)
    renameSync(path, `${path}.away`)
    const save = () => store.save({ ...first, generation: 2 }, first)
    await expect(store.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    await expect(save()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    cpSync(`${path}.away`, path)
    await expect(store.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    await expect(save()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    renameSync(`${path}.away`, path)
    expect(await store.load()).toStrictEqual(first)
  })

  it('loads from a database opened read-only and rejects a save there with ERR_STORE_UNAVAILABLE', async () => {
    const path = temporaryPath()
    await createSqliteKeyStore({ database: openForTest(path) }).save(first, undefined)
    const store = createSqliteKeyStore({ database: openForTest(path, true) })
    expect(await store.load()).toStrictEqual(first)
    const save = store.save({ ...first, generation: 2 }, first)
    await expect(save).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })

  it('rejects load with ERR_STORE_CORRUPT when its table is gone or was never made', async () => {
    const path = temporaryPath()
    const unmigrated = openDatabase({ path })
    onTestFinished(() => void unmigrated.close())
    const store = createSqliteKeyStore({ database: unmigrated })
    await expect(store.load()).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('rejects load with ERR_STORE_CORRUPT when the page with the ring was damaged behind its back', async () => {
    const path = temporaryPath()
    const writing = openDatabase({ path })
    migrateSqliteKeyStore(writing)
    await createSqliteKeyStore({ database: writing }).save(first, undefined)
    const root = writing.prepare<[], { rootpage: number }>(
      "SELECT rootpage FROM sqlite_schema WHERE name = 'key_ring'",
    )
    const offset = ((root.get()?.rootpage ?? 0) - 1) * 4096
    writing.close()
    const database = openForTest(path)
    writeFileSync(path, readFileSync(path).fill(0xa5, offset, offset + 16))
    // Another connection changed the file, so nothing of it may come from this one's cache.
    database.pragma('shrink_memory')
    await expect(createSqliteKeyStore({ database }).load()).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    expect(() => openDatabase({ path })).toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it.each([
    [{ ...first, generation: 0 }, undefined],
    [{ ...first, generation: 1.5 }, undefined],
    [first, first],
  ])('rejects a generation that does not follow as a mistake of the program (%#)', async (ring, expected) => {
    const store = createSqliteKeyStore({ database: openForTest(temporaryPath()) })
    await expect(store.save(ring, expected)).rejects.toThrow(RangeError)
  })
})

describe('migrateSqliteKeyStore', () => {
  it('refuses tables of a newer release with ERR_STORE_SCHEMA_NEWER', () => {
    const database = openForTest(temporaryPath())
    database.exec("UPDATE schema_version SET version = 99 WHERE component = 'key-store'")
    expect(() => migrateSqliteKeyStore(database)).toThrowWithCode('ERR_STORE_SCHEMA_NEWER')
  })

  it('makes a view that lists the keys of the ring with readable moments', async () => {
    const path = temporaryPath()
    const database = openForTest(path)
    const times = { created_at: 1_767_225_600, published_at: 1_767_225_601 }
    const active = {
      kid: 'k1',
      alg: 'RS256',
      state: 'active',
      origin: 'generated',
      ...times,
      activated_at: 1_767_312_000,
    }
    const retired = {
      kid: 'k2',
      alg: 'EdDSA',
      state: 'retired',
      origin: 'adopted',
      ...times,
      retired_at: 0,
      remove_at: 1,
    }
    const document = JSON.stringify({ schema: '1.0', keys: [active, retired], history: [] })
    await createSqliteKeyStore({ database }).save({ ...first, document }, undefined)
    expect(keysIn(database)).toStrictEqual([
      {
        kid: 'k1',
        alg: 'RS256',
        state: 'active',
        origin: 'generated',
        created_at: '2026-01-01T00:00:00Z',
        published_at: '2026-01-01T00:00:01Z',
        activated_at: '2026-01-02T00:00:00Z',
        retired_at: null,
        remove_at: null,
      },
      {
        kid: 'k2',
        alg: 'EdDSA',
        state: 'retired',
        origin: 'adopted',
        created_at: '2026-01-01T00:00:00Z',
        published_at: '2026-01-01T00:00:01Z',
        activated_at: null,
        retired_at: '1970-01-01T00:00:00Z',
        remove_at: '1970-01-01T00:00:01Z',
      },
    ])
  })

  it.each([
    'eyJhbGciOiJkaXIifQ..c2VhbGVk.dGV4dA.dGFn',
    '"text"',
    '[1]',
    '{}',
    '{"keys":null}',
    '{"keys":["x",1]}',
  ])('makes a view that is empty, not broken, when the document is %j', async (document) => {
    const database = openForTest(temporaryPath())
    await createSqliteKeyStore({ database }).save({ ...first, document }, undefined)
    expect(keysIn(database)).toStrictEqual([])
  })
})
