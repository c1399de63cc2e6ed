import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SandboxRecord, StoredKeyRing } from '@workload-identity/core'
import { redisCli, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { openDatabase, type SqliteDatabase } from '@workload-identity/driver-sqlite'

/** What somebody can do who can write a store as bytes, and knows how it keeps things. */
export interface RawStore {
  readDocument(): Promise<string>
  writeDocument(document: string): Promise<void>
  /** Puts back the whole ring with its version. */
  keepRing(): Promise<() => Promise<void>>
  /** Changes the JSON of the record of a sandbox. */
  editRecord(sandboxId: string, edit: (text: string) => string): Promise<void>
}

/** A database file, edited by SQL. */
export function rawSqlite(path: string): RawStore {
  const within = async <T>(work: (database: SqliteDatabase) => T): Promise<T> => {
    const database = openDatabase({ path })
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  const readRing = () =>
    within((database) => {
      const row = database.prepare<[], StoredKeyRing>('SELECT * FROM key_ring').get()
      if (row === undefined) throw new Error('there is no ring')
      return row
    })
  return {
    readDocument: async () => (await readRing()).document,
    writeDocument: (document) =>
      within((database) => void database.prepare('UPDATE key_ring SET document = ?').run(document)),
    async keepRing() {
      const { generation, write_id, document } = await readRing()
      const update = 'UPDATE key_ring SET (generation, write_id, document) = (?, ?, ?)'
      return () => within((database) => void database.prepare(update).run(generation, write_id, document))
    },
    editRecord: (sandboxId, edit) =>
      within((database) => {
        const select = 'SELECT record FROM sandboxes WHERE sandbox_id = ?'
        const record = database.prepare<[string], { readonly record: string }>(select).get(sandboxId)?.record
        const edited = edit(record ?? '')
        const { secrets, revision } = JSON.parse(edited) as SandboxRecord
        // The columns beside a record are put right, too: only the seal is beyond who edits it.
        const update = 'UPDATE sandboxes SET record = ?, revision = ? WHERE sandbox_id = ?'
        database.prepare(update).run(edited, revision, sandboxId)
        database.prepare('DELETE FROM sandbox_secrets WHERE sandbox_id = ?').run(sandboxId)
        const insert = 'INSERT OR REPLACE INTO sandbox_secrets (secret_sha256, sandbox_id) VALUES (?, ?)'
        for (const { sha256 } of secrets) database.prepare(insert).run(sha256, sandboxId)
      }),
  }
}

/** A folder, edited as files with their checksums. */
export function rawFiles(folder: string): RawStore {
  const ringFile = () => {
    const names = readdirSync(folder).filter((name) => /^ring\.\d+$/.test(name))
    return join(
      folder,
      names.sort((left, right) => left.localeCompare(right, 'en', { numeric: true })).at(-1) ?? '',
    )
  }
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  const edit = (path: string, change: (text: string) => string) => {
    const [line = '', ...rest] = readFileSync(path, 'utf8').split('\n')
    const { sha256: _, ...header } = JSON.parse(line) as Record<string, unknown>
    const body = `${change(rest.join('\n').slice(0, -1))}\n`
    const sha256 = digest(`${JSON.stringify(header)}\n${body}`)
    writeFileSync(path, `${JSON.stringify({ ...header, sha256 })}\n${body}`)
    return body.slice(0, -1)
  }
  return {
    readDocument: async () => edit(ringFile(), (text) => text),
    writeDocument: async (document) => void edit(ringFile(), () => document),
    async keepRing() {
      const [path, content] = [ringFile(), readFileSync(ringFile())]
      return async () => {
        // The number of a file says which ring counts, so what is put back takes the place of the latest.
        const number = Number(/\d+$/.exec(ringFile())?.[0])
        writeFileSync(path, content, { mode: 0o600 })
        const line = content.toString().split('\n')[0] ?? ''
        const { sha256: _, ...header } = JSON.parse(line) as Record<string, unknown>
        const body = content.toString().slice(line.length + 1)
        const renumbered = { ...header, number }
        const sha256 = digest(`${JSON.stringify(renumbered)}\n${body}`)
        writeFileSync(ringFile(), `${JSON.stringify({ ...renumbered, sha256 })}\n${body}`)
      }
    },
    async editRecord(sandboxId, change) {
      const hash = digest(sandboxId)
      edit(join(folder, 'sandboxes', hash.slice(0, 2), hash), change)
    },
  }
}

/** A Redis, edited by its own commands. */
export function rawRedis(redis: RedisProcess): RawStore {
  const ring = 'wid:{default}:ring'
  const read = (field: string) => redisCli(redis, 'HGET', ring, field)
  return {
    readDocument: () => read('document'),
    async writeDocument(document) {
      await redisCli(redis, 'HSET', ring, 'document', document)
    },
    async keepRing() {
      const fields = ['generation', 'write_id', 'document']
      const values = await Promise.all(fields.map(read))
      const pairs = fields.flatMap((name, index) => [name, values[index] ?? ''])
      return async () => {
        await redisCli(redis, 'HSET', ring, ...pairs)
      }
    },
    async editRecord(sandboxId, edit) {
      const keys = (await redisCli(redis, 'KEYS', '*sandbox-records')).split('\n')
      for (const key of keys) {
        if ((await redisCli(redis, 'HEXISTS', key, sandboxId)) !== '1') continue
        await redisCli(redis, 'HSET', key, sandboxId, edit(await redisCli(redis, 'HGET', key, sandboxId)))
      }
    },
  }
}
