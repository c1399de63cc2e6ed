import { spawn } from 'node:child_process'
import { renameSync } from 'node:fs'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { toThrowWithCode } from '@workload-identity/contracts'
import { unixSeconds, type SandboxRecord } from '@workload-identity/core'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSqliteRegistryIdentity, createSqliteSandboxRegistry, migrateSqliteRegistry } from './index.ts'
import { runnerKind, sandboxKind } from './record-kinds.ts'
import { buildRecordSql, listOfRunnerSql, removeExpiredSql } from './record-sql.ts'
import { openRegistry, registriesIn, temporaryPath } from './temporary-registry.testing.ts'

expect.extend({ toThrowWithCode })

const now = unixSeconds(1_767_225_600)
const sha256 = 'ab'.repeat(32)
const sandbox: SandboxRecord = {
  sandbox_id: 'a',
  app: 'shop',
  runner_id: 'node-1',
  allowed_audiences: ['https://a.example'],
  secrets: [{ sha256 }],
  created_at: now,
  expires_at: unixSeconds(1_767_312_000),
  revision: 1,
}

async function restOf(lines: AsyncIterableIterator<string>): Promise<string[]> {
  const rest: string[] = []
  for await (const line of lines) rest.push(line)
  return rest
}

describe('createSqliteSandboxRegistry', () => {
  it('does no I/O until it is used', () => {
    const database = openDatabase({ path: temporaryPath() })
    database.close()
    createSqliteSandboxRegistry({ database, registryId: () => 'registry-1' })
    createSqliteRegistryIdentity({ database })
  })

  const sandboxSql = buildRecordSql(sandboxKind)
  const runnerSql = buildRecordSql(runnerKind)
  it.each([
    ['a sandbox by secret hash', sandboxSql.findBySecretHash, /secret USING PRIMARY KEY \(secret_sha256=/],
    ['the sandbox of that secret', sandboxSql.findBySecretHash, /owner USING INDEX \w+ \(sandbox_id=/],
    ['a sandbox by ID', sandboxSql.findById, /owner USING INDEX \w+ \(sandbox_id=/],
    ['a page of sandboxes', sandboxSql.list, /owner USING INDEX \w+ \(sandbox_id>/],
    [
      'a page of a runner',
      listOfRunnerSql,
      /owner USING INDEX sandboxes_by_runner \(runner_id=\? AND sandbox_id>/,
    ],
    ['expired sandboxes', removeExpiredSql, /sandboxes USING INDEX sandboxes_by_expiry \(expires_at</],
    ['the owner of a secret', sandboxSql.findOwner, /sandbox_secrets USING PRIMARY KEY \(secret_sha256=/],
    [
      'the secrets of a sandbox',
      sandboxSql.deleteSecrets,
      /USING INDEX sandbox_secrets_by_sandbox \(sandbox_id=/,
    ],
    ['a runner by secret hash', runnerSql.findBySecretHash, /secret USING PRIMARY KEY \(secret_sha256=/],
    ['the runner of that secret', runnerSql.findBySecretHash, /owner USING INDEX \w+ \(runner_id=/],
    ['the secrets of a runner', runnerSql.deleteSecrets, /USING INDEX runner_secrets_by_runner \(runner_id=/],
  ])('finds %s by its index, without reading a whole table or sorting', async (_, sql, index) => {
    const { database } = await openRegistry()
    const parameters = { sha256, id: 'a', now, after: '', limit: 10, runner_id: 'node-1' }
    const plan = database
      .prepare<[typeof parameters], { readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(parameters)
      .map(({ detail }) => detail)
    expect(plan).toContainEqual(expect.stringMatching(new RegExp(`^SEARCH .*${index.source}`)))
    // The one row of `SELECT 1` is all that may be scanned.
    expect(plan.filter((step) => /SCAN (?!CONSTANT ROW|\(subquery)|TEMP B-TREE/.test(step))).toStrictEqual([])
  })

  it.each([
    ['is not JSON', "UPDATE sandboxes SET record = '{'"],
    ['is not an object', "UPDATE sandboxes SET record = '[]'"],
    [
      'has an audience list without values',
      "UPDATE sandboxes SET record = json_set(record, '$.allowed_audiences', json('[]'))",
    ],
    [
      'has an audience list that is a text',
      "UPDATE sandboxes SET record = json_set(record, '$.allowed_audiences', 'x')",
    ],
    [
      'has null for a list of audiences',
      "UPDATE sandboxes SET record = json_set(record, '$.allowed_audiences', NULL)",
    ],
    ['has an unknown form of subject', "UPDATE sandboxes SET record = json_set(record, '$.subject', 'org')"],
    [
      'has a fraction as its longest life',
      "UPDATE sandboxes SET record = json_set(record, '$.max_ttl', 1.5)",
    ],
    ['has an app that is no identifier', "UPDATE sandboxes SET record = json_set(record, '$.app', 'a:b')"],
    ['has no secrets', "UPDATE sandboxes SET record = json_remove(record, '$.secrets')"],
    [
      'has a secret that is no hash',
      "UPDATE sandboxes SET record = json_set(record, '$.secrets[0].sha256', 'ab')",
    ],
    ['has another ID than its row', "UPDATE sandboxes SET record = json_set(record, '$.sandbox_id', 'b')"],
    ['expires at another time than its row', 'UPDATE sandboxes SET expires_at = expires_at + 1'],
    ['expires, but its row does not', 'UPDATE sandboxes SET expires_at = NULL'],
    ['is of another runner than its row', "UPDATE sandboxes SET runner_id = 'node-2'"],
    ['has another revision than its row', 'UPDATE sandboxes SET revision = 7'],
  ])('refuses a record that %s with ERR_STORE_CORRUPT', async (_, sql) => {
    const { database, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    database.exec(sql)
    await expect(sandboxes.findById('a', now)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(sandboxes.findBySecretHash(sha256, now)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(sandboxes.list({ limit: 10 }, now)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(sandboxes.register(sandbox, now)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(sandboxes.replace({ ...sandbox, revision: 2 }, now)).rejects.toThrowWithCode(
      'ERR_STORE_CORRUPT',
    )
  })

  it('ends a sandbox whose record cannot be read', async () => {
    const { database, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    database.exec("UPDATE sandboxes SET record = '{'")
    expect(await sandboxes.end('a', now)).toBe(true)
    expect(await sandboxes.findBySecretHash(sha256, now)).toBeUndefined()
  })

  it('refuses a secret that only the table of secrets gives to a sandbox with ERR_STORE_CORRUPT', async () => {
    const { database, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    database.exec(`INSERT INTO sandbox_secrets VALUES ('${'cd'.repeat(32)}', 'a', NULL)`)
    await expect(sandboxes.findBySecretHash('cd'.repeat(32), now)).rejects.toThrowWithCode(
      'ERR_STORE_CORRUPT',
    )
  })

  it('refuses a secret that the table of secrets keeps alive beyond its valid_until with ERR_STORE_CORRUPT', async () => {
    const { database, sandboxes } = await openRegistry()
    const end = unixSeconds(now + 1)
    await sandboxes.register({ ...sandbox, secrets: [{ sha256, valid_until: end }] }, now)
    database.exec('UPDATE sandbox_secrets SET valid_until = NULL')
    await expect(sandboxes.findBySecretHash(sha256, end)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('keeps members of a record that a newer release added', async () => {
    const { sandboxes } = await openRegistry()
    const newer = { ...sandbox, added_later: { deep: true } }
    await sandboxes.register(newer, now)
    expect(await sandboxes.findById('a', now)).toStrictEqual(newer)
  })

  it('lets processes that write at the same time claim one ID and register each sandbox once', async () => {
    const path = temporaryPath()
    const program = new URL('./register-together.testing.ts', import.meta.url).pathname
    const processes = Array.from({ length: 3 }, () =>
      spawn(execPath, ['--conditions=@workload-identity/source', program, path], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    )
    const lines = processes.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]())
    for (const line of lines) expect(await line.next()).toStrictEqual({ value: 'ready', done: false })
    for (const { stdin } of processes) stdin.end()
    const won = (await Promise.all(lines.map(restOf))).flat()
    expect(new Set(won).size).toBe(50)
    expect(won).toHaveLength(50)
    const database = openDatabase({ path })
    onTestFinished(() => void database.close())
    const registryId = (await createSqliteRegistryIdentity({ database }).read()) ?? ''
    const sandboxes = createSqliteSandboxRegistry({ database, registryId: () => registryId })
    expect((await sandboxes.list({ limit: 1000 }, now)).items).toHaveLength(50)
  })

  it('rejects writes with ERR_STORE_UNAVAILABLE while another process keeps the write lock, and still finds', async () => {
    const { path, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    const other = openDatabase({ path })
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    await expect(sandboxes.end('a', now)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(await sandboxes.findBySecretHash(sha256, now)).toStrictEqual(sandbox)
  })

  it('rejects look-ups and writes with ERR_STORE_UNAVAILABLE once its file was deleted', async () => {
    const { path, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    renameSync(path, `${path}.away`)
    await expect(sandboxes.findBySecretHash(sha256, now)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    await expect(sandboxes.end('a', now)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    renameSync(`${path}.away`, path)
    expect(await sandboxes.findBySecretHash(sha256, now)).toStrictEqual(sandbox)
  })

  it('finds in a database opened read-only and rejects writes there with ERR_STORE_UNAVAILABLE', async () => {
    const { path, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    const database = openDatabase({ path, readOnly: true })
    onTestFinished(() => void database.close())
    const readOnly = registriesIn(database)
    expect(await readOnly.sandboxes.findBySecretHash(sha256, now)).toStrictEqual(sandbox)
    await expect(readOnly.sandboxes.end('a', now)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })
})

describe('migrateSqliteRegistry', () => {
  it('refuses tables of a newer release with ERR_STORE_SCHEMA_NEWER', async () => {
    const { database } = await openRegistry()
    database.exec("UPDATE schema_version SET version = 99 WHERE component = 'registry'")
    expect(() => migrateSqliteRegistry(database)).toThrowWithCode('ERR_STORE_SCHEMA_NEWER')
  })

  it('keeps the records when it is called again', async () => {
    const { database, sandboxes } = await openRegistry()
    await sandboxes.register(sandbox, now)
    migrateSqliteRegistry(database)
    expect(await sandboxes.findById('a', now)).toStrictEqual(sandbox)
  })
})

describe('createSqliteRunnerRegistry', () => {
  it('refuses a record that was altered with ERR_STORE_CORRUPT', async () => {
    const { database, runners } = await openRegistry()
    await runners.register({ runner_id: 'node-1', secrets: [{ sha256 }], created_at: now, revision: 1 }, now)
    database.exec("UPDATE runners SET record = json_set(record, '$.runner_id', 'node-2')")
    await expect(runners.findBySecretHash(sha256, now)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })
})

describe('createSqliteRegistryIdentity', () => {
  it.each(['registry', 'sandboxes', 'sandbox_secrets', 'runners', 'runner_secrets'])(
    'does not tell its ID while the table %s is missing: ERR_STORE_CORRUPT',
    async (table) => {
      const { database } = await openRegistry()
      const identity = createSqliteRegistryIdentity({ database })
      expect(await identity.read()).toBe('registry-1')
      database.exec(`PRAGMA foreign_keys = OFF; DROP TABLE ${table}`)
      await expect(identity.read()).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    },
  )
})
