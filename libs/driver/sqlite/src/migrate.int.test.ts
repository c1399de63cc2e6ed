import { spawn } from 'node:child_process'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { toThrowWithCode } from '@workload-identity/contracts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from './migrate.ts'
import { openDatabase } from './open-database.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { temporaryPath } from './temporary-folder.testing.ts'

expect.extend({ toThrowWithCode })

const first = 'CREATE TABLE pets (name TEXT) STRICT'
const second = "INSERT INTO pets VALUES ('Ada'); INSERT INTO pets VALUES ('Bo')"

function openForTest(path: string, readOnly = false): SqliteDatabase {
  const database = openDatabase({ path, readOnly })
  onTestFinished(() => void database.close())
  return database
}

function petsIn(database: SqliteDatabase): readonly string[] {
  return database
    .prepare<[], { name: string }>('SELECT name FROM pets ORDER BY name')
    .all()
    .map(({ name }) => name)
}

describe('migrate', () => {
  it('applies each migration once, in order, over several releases', () => {
    const database = openForTest(temporaryPath('issuer.db'))
    migrate(database, 'pets', [first])
    expect(petsIn(database)).toStrictEqual([])
    migrate(database, 'pets', [first, second])
    migrate(database, 'pets', [first, second])
    expect(petsIn(database)).toStrictEqual(['Ada', 'Bo'])
  })

  it('counts the versions of each component apart', () => {
    const database = openForTest(temporaryPath('issuer.db'))
    migrate(database, 'pets', [first, second])
    migrate(database, 'plants', ['CREATE TABLE plants (name TEXT) STRICT'])
    expect(
      database.prepare('SELECT component, version FROM schema_version ORDER BY component').all(),
    ).toStrictEqual([
      { component: 'pets', version: 2 },
      { component: 'plants', version: 1 },
    ])
  })

  it('applies a migration as a whole or not at all', () => {
    const database = openForTest(temporaryPath('issuer.db'))
    migrate(database, 'pets', [first])
    const broken = "INSERT INTO pets VALUES ('Cy'); INSERT INTO nowhere VALUES (1)"
    expect(() => migrate(database, 'pets', [first, broken])).toThrow()
    expect(petsIn(database)).toStrictEqual([])
    migrate(database, 'pets', [first, second])
    expect(petsIn(database)).toStrictEqual(['Ada', 'Bo'])
  })

  it('refuses tables of a newer release with ERR_STORE_SCHEMA_NEWER and changes nothing', () => {
    const database = openForTest(temporaryPath('issuer.db'))
    migrate(database, 'pets', [first, second])
    expect(() => migrate(database, 'pets', [first])).toThrowWithCode('ERR_STORE_SCHEMA_NEWER')
    expect(petsIn(database)).toStrictEqual(['Ada', 'Bo'])
  })

  it('accepts a read-only database that is up to date and refuses another with ERR_STORE_UNAVAILABLE', () => {
    const path = temporaryPath('issuer.db')
    migrate(openForTest(path), 'pets', [first])
    const database = openForTest(path, true)
    migrate(database, 'pets', [first])
    expect(() => migrate(database, 'pets', [first, second])).toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(() => migrate(database, 'plants', [first])).toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })

  it('lets processes that start together on a new file apply each migration once', async () => {
    const program = new URL('./start-together.testing.ts', import.meta.url).pathname
    const processes = Array.from({ length: 6 }, () =>
      spawn(execPath, ['--conditions=@workload-identity/source', program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    )
    onTestFinished(() => processes.forEach((child) => child.kill()))
    const lines = processes.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]())
    const answers = async () =>
      (await Promise.all(lines.map((line) => line.next()))).map(({ value }) => value)
    expect(await answers()).toStrictEqual(Array(6).fill('ready'))
    // They meet at the wrong moment in about one of ten rounds.
    for (let round = 0; round < 60; round += 1) {
      const path = temporaryPath('data/issuer.db')
      for (const { stdin } of processes) stdin.write(`${path}\n`)
      expect(await answers()).toStrictEqual(Array(6).fill('2'))
    }
  })
})
