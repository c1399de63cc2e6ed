import { join } from 'node:path'
import { decodeKeyRing, encodeKeyRing, type StoredKeyRing } from '@workload-identity/core'
import { openDatabase, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

/** How soon a change must be noticed by everybody (design of the stores), and how often to look. */
const noticed = { timeout: 10_000, interval: 100 }

interface Replicas {
  readonly issuers: readonly [IssuerProcess, IssuerProcess]
  readonly secret: string
  readonly database: SqliteDatabase
}

/** Two issuers on one database file, and a handle on that file. */
async function startReplicas(): Promise<Replicas> {
  const folder = await createTestFolder()
  const first = await startIssuer({ folder })
  const second = await startIssuer({
    folder,
    issuerUrl: first.issuerUrl,
    flags: ['--public-listen=127.0.0.1:0'],
  })
  const { secret } = await first.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
  const database = openDatabase({ path: join(folder, 'issuer.db') })
  onTestFinished(() => void database.close())
  return { issuers: [first, second], secret, database }
}

function readRing(database: SqliteDatabase): StoredKeyRing | undefined {
  return database.prepare('SELECT generation, write_id, document FROM key_ring').get() as
    StoredKeyRing | undefined
}

function putRing(database: SqliteDatabase, ring: StoredKeyRing): void {
  database
    .prepare('UPDATE key_ring SET generation = @generation, write_id = @write_id, document = @document')
    .run(ring)
}

async function fetchJwks(issuer: IssuerProcess): Promise<string> {
  const answer = await sendRequest(issuer.ready.public, '/.well-known/jwks.json')
  expect(answer.status).toBe(200)
  return answer.text
}

async function mintEverywhere({ issuers, secret }: Replicas): Promise<readonly string[]> {
  const answers = await Promise.all(issuers.map((issuer) => issuer.mint(secret)))
  expect(answers.map((answer) => answer.status)).toEqual([200, 200])
  return answers.map((answer) => (answer.json as { value: string }).value)
}

/** Every token verifies against the key set of every issuer. */
async function expectVerified(issuers: readonly IssuerProcess[], minted: readonly string[]): Promise<void> {
  for (const issuer of issuers) {
    const keys = createLocalJWKSet(JSON.parse(await fetchJwks(issuer)) as JSONWebKeySet)
    for (const token of minted) {
      expect((await jwtVerify(token, keys)).payload.jti).toBe(decodeJwt(token).jti)
    }
  }
}

async function metric(issuer: IssuerProcess, name: string): Promise<number> {
  const { text } = await sendRequest(issuer.ready.control, '/metrics')
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function expectSameGeneration(issuers: readonly IssuerProcess[], generation: number): Promise<void> {
  await vi.waitFor(async () => {
    for (const issuer of issuers) {
      expect(await metric(issuer, 'wid_key_ring_generation')).toBe(generation)
    }
  }, noticed)
}

const lose: readonly (readonly [string, (database: SqliteDatabase, older: StoredKeyRing) => void])[] = [
  ['was emptied', (database) => void database.exec('DELETE FROM key_ring')],
  ['was put back in time', putRing],
]

describe('two issuers on one store', () => {
  it.each(lose)('give it their ring back within 10 s when it %s', async (_, loseRing) => {
    const replicas = await startReplicas()
    const { issuers, database } = replicas
    const older = readRing(database)
    if (older === undefined) throw new Error('there is no stored ring')
    // A save that changes no key, so that there is an older copy.
    const writeId = crypto.randomUUID()
    const newer = { ...decodeKeyRing(older.document), generation: 2, write_id: writeId }
    putRing(database, { generation: 2, write_id: writeId, document: encodeKeyRing(newer) })
    await expectSameGeneration(issuers, 2)
    const jwks = await fetchJwks(issuers[0])
    const before = await mintEverywhere(replicas)

    loseRing(database, older)
    await vi.waitFor(() => expect(readRing(database)?.generation).toBe(3), noticed)
    await expectSameGeneration(issuers, 3)

    for (const issuer of issuers) {
      expect(await fetchJwks(issuer)).toBe(jwks)
      expect((await sendRequest(issuer.ready.control, '/readyz')).status).toBe(200)
    }
    await expectVerified(issuers, [...before, ...(await mintEverywhere(replicas))])
    const repairs = await Promise.all(issuers.map((each) => metric(each, 'wid_key_ring_repairs_total')))
    expect(repairs.toSorted()).toEqual([0, 1])
    const told = issuers.flatMap((issuer) => issuer.logLines()).filter(({ found }) => found !== undefined)
    expect(told).toEqual([expect.objectContaining({ level: 'error', outcome: 'wrote-back', generation: 3 })])
  })

  it('leave the ring of another cluster alone, turn unready and go on serving their own keys', async () => {
    const replicas = await startReplicas()
    const { issuers, database } = replicas
    const own = readRing(database)
    const jwks = await fetchJwks(issuers[0])
    const before = await mintEverywhere(replicas)
    const elsewhere = await startIssuer({
      folder: await createTestFolder(),
      flags: ['--cluster-id=elsewhere'],
    })
    const theirs = openDatabase({ path: join(elsewhere.folder, 'issuer.db'), readOnly: true })
    onTestFinished(() => void theirs.close())
    const foreign = readRing(theirs)
    if (own === undefined || foreign === undefined) throw new Error('there is no stored ring')

    putRing(database, foreign)
    await vi.waitFor(async () => {
      for (const issuer of issuers) {
        const answer = await sendRequest(issuer.ready.control, '/readyz')
        expect(answer.status).toBe(503)
        expect(answer.text).toContain('ERR_STORE_FOREIGN')
      }
    }, noticed)
    for (const issuer of issuers) {
      expect(await fetchJwks(issuer)).toBe(jwks)
      expect(await metric(issuer, 'wid_key_ring_repairs_total')).toBe(0)
      expect((await sendRequest(issuer.ready.control, '/livez')).status).toBe(200)
    }
    await expectVerified(issuers, before)
    expect(readRing(database)).toEqual(foreign)

    putRing(database, own)
    await vi.waitFor(async () => {
      for (const issuer of issuers) {
        expect((await sendRequest(issuer.ready.control, '/readyz')).status).toBe(200)
      }
    }, noticed)
  })
})
