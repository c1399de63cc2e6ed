import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodeKeyRing,
  encodeKeyRing,
  generateKeyMaterial,
  nextGeneration,
  type KeyRing,
} from '@workload-identity/core'
import { redisCli, startRedisServer, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { createLogger, describeStartFailure } from '@workload-identity/service'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { configurationCodes } from '../src/configuration-codes.ts'
import { createContainer } from '../src/composition/container.ts'
import { openState } from '../src/composition/open-state.ts'
import * as tokens from '../src/composition/tokens.ts'
import { readConfig } from '../src/config.ts'
import { rawFiles, rawRedis, rawSqlite, type RawStore } from './raw-stores.ts'

let redis: RedisProcess
beforeAll(async () => {
  redis = await startRedisServer({ settings: ['--appendfsync', 'no'] })
})
afterAll(() => redis.stop())

interface Place {
  readonly folder: string
  readonly storeFlag: string
  readonly raw: RawStore
  /** A key file of the test. */
  readonly key: string
}

const engines = ['sqlite', 'file', 'redis'] as const

async function createPlace(engine: (typeof engines)[number]): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'wid-sealed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'admin-token'), `${'a'.repeat(40)}\n`, { mode: 0o600 })
  const place = { folder, key: writeKey(folder, 'key') }
  switch (engine) {
    case 'sqlite':
      return { ...place, storeFlag: `sqlite:${join(folder, 'db')}`, raw: rawSqlite(join(folder, 'db')) }
    case 'file':
      mkdirSync(join(folder, 'store'), { mode: 0o700 })
      return { ...place, storeFlag: `file:${join(folder, 'store')}`, raw: rawFiles(join(folder, 'store')) }
    case 'redis':
      await redisCli(redis, 'FLUSHALL')
      return { ...place, storeFlag: `redis://${redis.host}:${redis.port}`, raw: rawRedis(redis) }
  }
}

function writeKey(folder: string, name: string): string {
  const path = join(folder, name)
  writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  return path
}

/** An issuer in this process, closed when the test ends or before that. */
async function open(
  { folder, storeFlag, key }: Place,
  flags: readonly string[] = [`--key-encryption-key-file=${key}`],
) {
  const reading = readConfig(
    [
      '--issuer-url=https://issuer.example',
      `--store=${storeFlag}`,
      `--admin-token-file=${join(folder, 'admin-token')}`,
      '--signing-algorithm=ES256',
      ...['public', 'token', 'control'].map((name) => `--${name}-listen=127.0.0.1:0`),
      ...flags,
    ],
    {},
  )
  if (reading.kind !== 'config') throw new Error('no configuration')
  const lines: string[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(line) })
  const state = await openState(reading.config, logger)
  const container = createContainer(reading.config, state)
  let isClosed = false
  const close = async () => {
    if (!isClosed) await state.stores.close()
    isClosed = true
  }
  onTestFinished(close)
  return {
    close,
    lines,
    clock: container.resolve(tokens.CLOCK),
    keyRing: container.resolve(tokens.KEY_RING),
    health: container.resolve(tokens.HEALTH),
    sandboxes: container.resolve(tokens.SANDBOXES),
    authenticate: container.resolve(tokens.AUTHENTICATE_SANDBOX),
    register: container.resolve(tokens.REGISTER_SANDBOX),
    renewSecret: container.resolve(tokens.RENEW_SANDBOX_SECRET),
  }
}

async function openedAndClosed(place: Place, flags?: readonly string[]): Promise<KeyRing> {
  const issuer = await open(place, flags)
  await issuer.close()
  return issuer.keyRing.ring()
}

/** The ring with a further published key, whose private half somebody else has. */
async function withForeignKey(ring: KeyRing): Promise<KeyRing> {
  const { kid, alg, public: half } = await generateKeyMaterial('ES256')
  const key = { kid, alg, public: half, state: 'retired', origin: 'generated' } as const
  const moments = { created_at: ring.keys[0]?.created_at, published_at: ring.keys[0]?.created_at }
  const retired = { ...key, ...moments, activated_at: moments.created_at, retired_at: moments.created_at }
  return { ...ring, keys: [...ring.keys, retired as KeyRing['keys'][number]] }
}

describe.each(engines)('a sealed store in %s', (engine) => {
  it('shows neither a key nor whose ring it is', async () => {
    const place = await createPlace(engine)
    const ring = await openedAndClosed(place)
    const document = await place.raw.readDocument()
    for (const text of [ring.ring_id, ring.keys[0]?.kid ?? '', ring.keys[0]?.private?.['d'] ?? '']) {
      expect(document).not.toContain(text)
    }
    expect(await openedAndClosed(place)).toStrictEqual(ring)
  })

  it('is refused with a key that was added to its ring, sealed or not, and when it was cut off', async () => {
    const place = await createPlace(engine)
    const ring = await openedAndClosed(place)
    const sealed = await place.raw.readDocument()
    const forged = encodeKeyRing(await withForeignKey(ring))
    for (const [document, code] of [
      [forged, 'ERR_SEAL_MISSING'],
      [`${sealed.slice(0, -4)}AAAA`, 'ERR_SEAL_BROKEN'],
      [sealed.slice(0, sealed.length / 2), 'ERR_SEAL_BROKEN'],
      [sealed.slice(0, 20), 'ERR_SEAL_BROKEN'],
    ] as const) {
      await place.raw.writeDocument(document)
      await expect(open(place)).rejects.toMatchObject({ code })
    }
    await place.raw.writeDocument(sealed)
    expect(await openedAndClosed(place)).toStrictEqual(ring)
  })

  it('is refused with the ring of another cluster, sealed with its key or with the same one', async () => {
    const place = await createPlace(engine)
    await openedAndClosed(place)
    const other = await createPlace('sqlite')
    const keyFlag = `--key-encryption-key-file=${place.key}`
    await openedAndClosed(other)
    await place.raw.writeDocument(await other.raw.readDocument())
    await expect(open(place)).rejects.toMatchObject({ code: 'ERR_SEAL_KEY_UNKNOWN' })
    const sameKey = await createPlace('sqlite')
    await openedAndClosed(sameKey, [keyFlag, '--cluster-id=other'])
    await place.raw.writeDocument(await sameKey.raw.readDocument())
    // The version beside the document is not that of the document either.
    await expect(open(place)).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
  })

  it('is refused with another key, and without one, by a sentence that names the key and quotes none', async () => {
    const place = await createPlace(engine)
    await openedAndClosed(place)
    const flags = [`--key-encryption-key-file=${writeKey(place.folder, 'other')}`]
    await expect(open(place, flags)).rejects.toMatchObject({ code: 'ERR_SEAL_KEY_UNKNOWN' })
    await expect(open(place, [])).rejects.toThrow(/is sealed, and no key-encryption key is set/)
    const wrong = join(place.folder, 'wrong')
    writeFileSync(wrong, 'not a key, but something secret', { mode: 0o600 })
    const error = await open(place, [`--key-encryption-key-file=${wrong}`]).catch((thrown: unknown) => thrown)
    expect(describeStartFailure(error, configurationCodes)).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining(wrong) as string,
    })
    expect(String(error)).not.toContain('something secret')
  })

  it('is kept out by a running issuer when its ring is forged, and gets a newer ring back when it is older', async () => {
    const place = await createPlace(engine)
    const issuer = await open(place)
    const ring = issuer.keyRing.ring()
    const [sealed, putBack] = [await place.raw.readDocument(), await place.raw.keepRing()]
    const forged = nextGeneration(await withForeignKey(ring), crypto.randomUUID())
    await place.raw.writeDocument(encodeKeyRing(forged))
    const { keyRing, health } = issuer
    expect(await refreshCode(keyRing)).toBe('ERR_SEAL_MISSING')
    expect((await health.ready()).problems).toMatchObject([expect.stringMatching(/ERR_SEAL_MISSING/)])
    expect(keyRing.ring().keys.map(({ kid }) => kid)).toStrictEqual(ring.keys.map(({ kid }) => kid))
    await place.raw.writeDocument(sealed)
    expect(await refreshCode(keyRing)).toBeUndefined()

    const later = nextGeneration(ring, crypto.randomUUID())
    await keyRing.save(later, keyRing.ring())
    await putBack()
    expect(await keyRing.refresh()).toMatchObject({ found: 'older' })
    expect(keyRing.ring().generation).toBeGreaterThan(later.generation)
  })

  it('refuses a record that was edited, and two whose secrets were swapped, and says so in its log', async () => {
    const place = await createPlace(engine)
    const issuer = await open(place)
    const [hashA, hashB] = ['a'.repeat(64), 'b'.repeat(64)]
    await issuer.register({ sandbox_id: 'a', app: 'shop', secret_sha256: hashA })
    await issuer.register({ sandbox_id: 'b', app: 'pay', secret_sha256: hashB })
    await issuer.register({ sandbox_id: 'c', app: 'shop', secret_sha256: 'c'.repeat(64) })
    await issuer.close()

    await place.raw.editRecord('c', (text) => text.replace('"app":"shop"', '"app":"pay"'))
    await place.raw.editRecord('a', (text) => text.replace(hashA, 'd'.repeat(64)))
    await place.raw.editRecord('b', (text) => text.replace(hashB, hashA))
    await place.raw.editRecord('a', (text) => text.replace('d'.repeat(64), hashB))
    const later = await open(place)
    for (const id of ['a', 'b', 'c']) {
      await expect(later.sandboxes.findById(id, later.clock())).rejects.toMatchObject({
        code: 'ERR_SEAL_BROKEN',
        details: { id },
      })
    }
    // Redis looks a secret up in an index of its own, which says that nobody has it any more.
    for (const hash of [hashA, hashB, 'c'.repeat(64)]) {
      const refusal = expect(later.authenticate(hash)).rejects
      await refusal.toMatchObject({
        code: expect.stringMatching(/ERR_(SEAL_BROKEN|CREDENTIAL_UNKNOWN)/) as string,
      })
    }
    await expect(later.authenticate('c'.repeat(64))).rejects.toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    expect(later.lines.join('')).toContain('a record of the registry is refused because of its seal')
    expect(await later.sandboxes.end('c', later.clock())).toBe(true)
  })

  it('refuses an older record whose secret was replaced, when it has seen the newer one', async () => {
    const place = await createPlace(engine)
    const issuer = await open(place)
    await issuer.register({ sandbox_id: 'a', app: 'shop', secret_sha256: 'a'.repeat(64) })
    let old = ''
    await place.raw.editRecord('a', (text) => (old = text))
    await issuer.renewSecret('a')
    await place.raw.editRecord('a', () => old)
    await expect(issuer.sandboxes.findById('a', issuer.clock())).rejects.toMatchObject({
      code: 'ERR_SEAL_BROKEN',
    })
  })
})

async function refreshCode(keyRing: { refresh(): Promise<unknown> }): Promise<string | undefined> {
  return keyRing.refresh().then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  )
}

describe('a ring of the store', () => {
  it('is what the attacker of these tests takes it for', async () => {
    const place = await createPlace('sqlite')
    const ring = await openedAndClosed(place, [])
    expect(decodeKeyRing(await place.raw.readDocument())).toStrictEqual(ring)
    await place.raw.writeDocument(encodeKeyRing(await withForeignKey(ring)))
    expect((await openedAndClosed(place, [])).keys).toHaveLength(2)
  })
})
