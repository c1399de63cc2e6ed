import { join } from 'node:path'
import {
  createIssuer,
  encodeKeyRing,
  hashSecret,
  IssuerError,
  openKeyRing,
  type Sealing,
} from '@workload-identity/core'
import { startRedisServer, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyStore } from './copy-store.ts'
import { computeRingFingerprint } from './ring-fingerprint.ts'
import { loadRing, registriesOf, type StoreSide } from './store-side.ts'
import { createFolder, createSealing, fillStore, NOW, openSide } from './stores.testing.ts'
import type { Stores } from './stores.ts'

let redis: RedisProcess
beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(() => redis.stop())

const openFile = async (sealing?: Sealing) =>
  openSide({ store: { engine: 'file', directory: join(await createFolder(), 'store') } }, sealing)
const openSqlite = async (sealing?: Sealing) =>
  openSide({ store: { engine: 'sqlite', path: join(await createFolder(), 'store.db') } }, sealing)
const openRedis = async (sealing?: Sealing) =>
  openSide(
    {
      store: { engine: 'redis', url: `redis://${redis.host}:${redis.port}` },
      clusterId: 'eu-1',
      redis: { prefix: `${crypto.randomUUID()}:` },
    },
    sealing,
  )

async function issuerOf(side: StoreSide) {
  const ring = await loadRing(side)
  if (ring === undefined) throw new Error('no ring')
  return createIssuer({ ring: () => ring, issuerUrl: 'https://id.example.com', clock: () => NOW })
}

describe('copyStore', () => {
  it.each(['unsealed', 'sealed', 'sealed on the way'])(
    'moves everything from file to SQLite to Redis and back to file (%s)',
    async (kind) => {
      const sealing = kind === 'unsealed' ? undefined : await createSealing()
      const other = kind === 'sealed on the way' ? undefined : sealing
      const hops = [
        await openFile(other),
        await openSqlite(sealing),
        await openRedis(other),
        await openFile(sealing),
      ]
      const { ring, secret, sandboxes } = await fillStore(hops[0]!, 25)
      const token = await (await issuerOf(hops[0]!)).issueToken('web', 'sb-0001')
      const fingerprint = computeRingFingerprint(ring)
      for (const [index, to] of hops.slice(1).entries()) {
        const copy = await copyStore({ from: hops[index]!, to, now: NOW })
        expect(copy).toEqual({
          ...{ outcome: 'copied', issuer: 'https://id.example.com', cluster_id: 'eu-1', fingerprint },
          runners: { source: 1, target: 1, differing: 0 },
          sandboxes: { source: 25, target: 25, differing: 0 },
        })
        const copied = await loadRing(to)
        expect(copied?.keys).toEqual(ring.keys)
        const claims = await (
          await issuerOf(to)
        ).verifyToken(token.value, { audience: 'https://id.example.com' })
        expect(claims.sandbox_id).toBe('sb-0001')
        const found = await registriesOf(to, ring).sandboxes.findBySecretHash(await hashSecret(secret), NOW)
        expect(found).toEqual({ ...sandboxes[0], subject: 'app', revision: 2 })
      }
    },
    60_000,
  )

  it('leaves no private key and no sealed record readable in a sealed target', async () => {
    const [from, to] = [await openFile(), await openSqlite(await createSealing())]
    const { ring } = await fillStore(from, 3)
    await copyStore({ from, to, now: NOW })
    const stored = await to.stores.keyStore.load()
    expect(stored?.document).toMatch(/^eyJ/)
    const unsealed: StoreSide = { stores: to.stores }
    await expect(loadRing(unsealed)).rejects.toMatchObject({ code: 'ERR_SEAL_KEY_UNKNOWN' })
    await expect(registriesOf(unsealed, ring).sandboxes.list({ limit: 1 }, NOW)).rejects.toMatchObject({
      code: 'ERR_SEAL_KEY_UNKNOWN',
    })
  })

  it.each([
    ['file', openFile],
    ['SQLite', openSqlite],
    ['Redis', openRedis],
  ])('leaves notes about ended assignments where they are, from and to %s', async (_engine, open) => {
    const [from, to] = [await open(), await open()]
    const [old, own] = ['old', 'own'].map((sandbox_id) => ({
      ...{ runner_id: 'runner-1', sandbox_id },
      ended_at: NOW,
    }))
    await fillStore(from, 3)
    await from.stores.endedAssignments.put([old!])
    await to.stores.endedAssignments.put([own!])
    expect(await copyStore({ from, to, now: NOW })).toMatchObject({ outcome: 'copied' })
    expect(await from.stores.endedAssignments.list('runner-1', NOW, NOW)).toEqual([old])
    expect(await to.stores.endedAssignments.list('runner-1', NOW, NOW)).toEqual([own])
  })

  it('goes on where it was interrupted, also when records changed in between', async () => {
    const [from, to] = [await openSqlite(), await openRedis()]
    const { ring } = await fillStore(from, 1200)
    let batches = 0
    const interrupted = copyStore({
      ...{ from, to, now: NOW },
      onProgress({ step }) {
        if (step === 'sandboxes' && (batches += 1) === 2) throw new Error('interrupted')
      },
    })
    await expect(interrupted).rejects.toThrow('interrupted')
    const source = registriesOf(from, ring).sandboxes
    const half = await registriesOf(to, ring).sandboxes.list({ limit: 1 }, NOW)
    expect(half.items).toHaveLength(1)
    const [first, second] = (await source.list({ limit: 2 }, NOW)).items
    await source.end(first!.sandbox_id, NOW)
    // The secret of the ended one goes to another, which must not stand in the way.
    await source.replace({ ...second!, secrets: first!.secrets, revision: second!.revision + 1 }, NOW)

    const added: number[] = []
    const copy = await copyStore({ from, to, now: NOW, onProgress: (progress) => added.push(progress.added) })
    expect(copy.sandboxes).toEqual({ source: 1199, target: 1199, differing: 0 })
    expect(Math.max(...added)).toBe(201)
    expect(await copyStore({ from, to, now: NOW })).toEqual({ ...copy, outcome: 'already-there' })
  })

  it('changes nothing any more in a target that another copy of the same store has taken over', async () => {
    const [from, to] = [await openSqlite(), await openSqlite()]
    const { ring } = await fillStore(from, 3)
    const target = registriesOf(to, ring).sandboxes
    const late = { sandbox_id: 'late', app: 'web', secrets: [], created_at: NOW, revision: 1 }
    let isOvertaken = false
    const createSandboxRegistry: Stores['createSandboxRegistry'] = (registryId) => {
      const registry = from.stores.createSandboxRegistry(registryId)
      return {
        ...registry,
        async list(query, now) {
          if (!isOvertaken) {
            isOvertaken = true
            // Somebody runs the copy again, as this one does not seem to get on, and starts an issuer.
            await copyStore({ from, to, now })
            await target.register(late, now)
          }
          return registry.list(query, now)
        },
      }
    }
    const slow = { stores: { ...from.stores, createSandboxRegistry } }
    await expect(copyStore({ from: slow, to, now: NOW })).rejects.toThrow(/has taken the target over/)
    expect(await target.findById('late', NOW)).toEqual(late)
  })

  it('copies records ahead of the ring when it only prepares', async () => {
    const [from, to] = [await openSqlite(), await openRedis()]
    const { ring } = await fillStore(from, 3)
    expect(await copyStore({ from, to, now: NOW, prepareOnly: true })).toMatchObject({ outcome: 'prepared' })
    await expect(loadRing(to)).rejects.toMatchObject({ code: 'ERR_STORE_INCOMPLETE' })
    await registriesOf(from, ring).sandboxes.end('sb-0002', NOW)
    const copy = await copyStore({ from, to, now: NOW })
    expect([copy.outcome, copy.sandboxes]).toEqual(['copied', { source: 2, target: 2, differing: 0 }])
  })

  it.each([
    ['unsealed', false],
    ['sealed', true],
  ])('lets no issuer start on an unfinished target (%s)', async (_, isSealed) => {
    const [from, to] = [await openFile(), await openSqlite(isSealed ? await createSealing() : undefined)]
    await fillStore(from, 1)
    const onProgress = () => {
      throw new Error('interrupted')
    }
    await expect(copyStore({ from, to, now: NOW, onProgress })).rejects.toThrow('interrupted')
    await expect(loadRing(to)).rejects.toMatchObject({ code: 'ERR_STORE_INCOMPLETE' })
    const opening = openKeyRing(
      { keyStore: to.stores.keyStore, registry: to.stores.registryIdentity, clock: () => NOW },
      {
        ...{ clusterId: 'eu-1', issuerUrl: 'https://id.example.com' },
        ...{ requireKeys: false, specification: 'ES256' },
      },
    )
    await expect(opening).rejects.toBeInstanceOf(IssuerError)
  })

  it('refuses a target that holds something else, and changes nothing there', async () => {
    const from = await openFile()
    await fillStore(from, 1)
    const foreign = await openSqlite()
    const { ring } = await fillStore(foreign, 1)
    await expect(copyStore({ from, to: foreign, now: NOW })).rejects.toThrow(/it holds another key ring/)
    expect(encodeKeyRing((await loadRing(foreign))!)).toBe(encodeKeyRing(ring))

    const claimed = await openSqlite()
    await claimed.stores.registryIdentity.claim(crypto.randomUUID())
    await expect(copyStore({ from, to: claimed, now: NOW })).rejects.toThrow(/it holds a registry/)

    const unfinished = await openSqlite()
    const onProgress = () => {
      throw new Error('interrupted')
    }
    await copyStore({ from: foreign, to: unfinished, now: NOW, onProgress }).catch(() => undefined)
    await expect(copyStore({ from, to: unfinished, now: NOW })).rejects.toThrow(
      /unfinished copy of another store/,
    )
  })

  it('refuses a finished copy in which something has changed since', async () => {
    const [from, to] = [await openFile(), await openSqlite()]
    const { ring } = await fillStore(from, 2)
    await copyStore({ from, to, now: NOW })
    await registriesOf(to, ring).sandboxes.end('sb-0002', NOW)
    await expect(copyStore({ from, to, now: NOW })).rejects.toThrow(/something has changed since/)
  })

  it('refuses a source without a ring, and one whose registry is lost', async () => {
    const to = await openSqlite()
    await expect(copyStore({ from: await openFile(), to, now: NOW })).rejects.toMatchObject({
      code: 'ERR_STORE_EMPTY',
    })
    const from = await openFile()
    const { ring } = await fillStore(from, 0)
    const lost = await openFile()
    await lost.stores.keyStore.save({ ...ring, document: encodeKeyRing(ring) }, undefined)
    await expect(copyStore({ from: lost, to, now: NOW })).rejects.toMatchObject({ code: 'ERR_REGISTRY_LOST' })
  })

  it('gives up when registrations keep changing, and can be run again', async () => {
    const [from, to] = [await openSqlite(), await openSqlite()]
    await fillStore(from, 3)
    let count = 0
    const createSandboxRegistry: Stores['createSandboxRegistry'] = (registryId) => {
      const registry = from.stores.createSandboxRegistry(registryId)
      return {
        ...registry,
        // Whenever somebody looks, there is one more.
        async list(query, now) {
          count += 1
          const secrets = [{ sha256: count.toString(16).padStart(64, '0') }]
          const record = { sandbox_id: `new-${count}`, app: 'web', secrets, created_at: NOW, revision: 1 }
          await registry.register(record, now)
          return registry.list(query, now)
        },
      }
    }
    const restless = { stores: { ...from.stores, createSandboxRegistry } }
    await expect(copyStore({ from: restless, to, now: NOW })).rejects.toThrow(/registrations keep changing/)
    expect((await copyStore({ from, to, now: NOW })).sandboxes.differing).toBe(0)
  })
})
