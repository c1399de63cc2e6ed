import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprintKeys, publishedKeys } from '@workload-identity/core'
import { startRedisServer } from '@workload-identity/driver-redis/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkStore, type StoreReport } from './check-store.ts'
import { copyStore } from './copy-store.ts'
import type { StoreAddress } from './store-location.ts'
import { loadRing } from './store-side.ts'
import { createFolder, createSealing, fillStore, NOW, openSide } from './stores.testing.ts'

const addressIn = {
  file: (folder: string): StoreAddress => ({ engine: 'file', directory: join(folder, 'store') }),
  sqlite: (folder: string): StoreAddress => ({ engine: 'sqlite', path: join(folder, 'store.db') }),
}
const statuses = ({ checks }: StoreReport) =>
  Object.fromEntries(checks.map(({ check, status }) => [check, status]))
const detailOf = ({ checks }: StoreReport, name: string) =>
  checks.find(({ check }) => check === name)?.detail ?? ''

/** Every file below a folder with its content and modes; SQLite's own lock file aside. */
function photograph(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('-shm') && !name.endsWith('-wal'))
    .sort()
    .map((name) => {
      const stats = statSync(join(folder, name))
      const text = stats.isFile() ? readFileSync(join(folder, name)).toString('base64') : ''
      return `${name} ${stats.mode} ${text}`
    })
}

describe('checkStore', () => {
  it.each(['file', 'sqlite'] as const)(
    'reports on a healthy store in %s and changes nothing',
    async (engine) => {
      const folder = await createFolder()
      const store = addressIn[engine](folder)
      const { ring } = await fillStore(await openSide({ store }), 4)
      const before = photograph(folder)
      const report = await checkStore({ open: { store }, now: NOW })
      expect(photograph(folder)).toEqual(before)
      expect(report.ok).toBe(true)
      expect(statuses(report)).toEqual({
        ...{ store: 'ok', permissions: 'ok', sealing: 'warning', ring: 'ok', keys: 'ok' },
        ...{ registry: 'ok', runners: 'ok', sandboxes: 'ok' },
      })
      expect(report.facts).toMatchObject({
        ...{ schema: '1.0', cluster_id: 'eu-1', generation: 1, runners: 1, sandboxes: 4 },
        ...{ ring_id: ring.ring_id, registry_id: ring.registry_id, issuer: 'https://id.example.com' },
        keys_fingerprint: await fingerprintKeys(publishedKeys(ring, NOW)),
      })
      expect(detailOf(report, 'keys')).toContain('1 active, 1 next, 1 retired, 1 revoked')
      expect(JSON.stringify(report)).not.toContain(ring.keys[0]?.private?.['d'] ?? '-')
    },
  )

  it('proves everything in a sealed store with its key, and says what it cannot see without', async () => {
    const store = addressIn.sqlite(await createFolder())
    const sealing = await createSealing()
    await fillStore(await openSide({ store }, sealing), 2)
    const report = await checkStore({ open: { store }, sealing, now: NOW })
    expect([report.ok, report.facts.sandboxes, report.facts.sealed_with]).toEqual([
      true,
      2,
      sealing.keys[0]?.id,
    ])
    expect(statuses(report)['sealing']).toBe('ok')
    const outside = await checkStore({ open: { store }, now: NOW })
    expect(statuses(outside)).toEqual({ store: 'ok', permissions: 'ok', sealing: 'ok', ring: 'unknown' })
    expect([report.complete, outside.complete, outside.ok]).toEqual([true, false, true])
  })

  it('says who may use a store on disk, in one sentence', async () => {
    const folder = await createFolder()
    const stores = [addressIn.file(folder), addressIn.sqlite(folder)]
    const uid = process.getuid?.()
    const sentences = []
    for (const store of stores) {
      await fillStore(await openSide({ store }), 0)
      sentences.push(detailOf(await checkStore({ open: { store }, now: NOW }), 'permissions'))
    }
    expect(sentences).toEqual([
      `only user ${uid} may use ${folder}/store (mode 0700)`,
      `only user ${uid} may use ${folder}/store.db (mode 0600), in the folder ${folder} (mode 0700) of user ${uid}`,
    ])
  })

  it('tells how a Redis is set up', async () => {
    const redis = await startRedisServer({ settings: ['--save', '', '--appendonly', 'no'] })
    onTestFinished(() => redis.stop())
    const open = {
      store: { engine: 'redis', url: `redis://${redis.host}:${redis.port}` },
      clusterId: 'eu-1',
    } as const
    await fillStore(await openSide(open), 1)
    const report = await checkStore({ open, now: NOW })
    expect(report.ok).toBe(true)
    expect(detailOf(report, 'redis')).toMatch(/keeps nothing on disk/)
  })

  it('tells an empty store from one that lost its ring, and from an unfinished copy', async () => {
    const empty = addressIn.file(await createFolder())
    await openSide({ store: empty })
    expect((await checkStore({ open: { store: empty }, now: NOW })).checks).toContainEqual({
      ...{ check: 'ring', status: 'warning', detail: 'there is none: the store is empty' },
    })
    const store = addressIn.sqlite(await createFolder())
    const from = await openSide({ store })
    await fillStore(from, 1)
    const half = addressIn.sqlite(await createFolder())
    const onProgress = () => {
      throw new Error('interrupted')
    }
    await copyStore({ from, to: await openSide({ store: half }), now: NOW, onProgress }).catch(
      () => undefined,
    )
    const report = await checkStore({ open: { store: half }, now: NOW })
    expect([report.ok, detailOf(report, 'ring')]).toEqual([
      false,
      expect.stringContaining('unfinished copy of another one'),
    ])
  })

  it('reports a store that is not there as a problem, and makes none', async () => {
    const folder = await createFolder()
    const report = await checkStore({ open: { store: addressIn.sqlite(folder) }, now: NOW })
    expect(report.checks).toEqual([
      { check: 'store', status: 'problem', detail: expect.stringContaining('ERR_STORE_EMPTY') },
    ])
    expect([report.ok, readdirSync(folder)]).toEqual([false, []])
  })

  it.each(['file', 'sqlite'] as const)(
    'reports a store in %s that others may read as a problem',
    async (engine) => {
      const folder = await createFolder()
      const store = addressIn[engine](folder)
      await fillStore(await openSide({ store }), 0)
      chmodSync(join(folder, engine === 'sqlite' ? 'store.db' : 'store'), 0o755)
      const report = await checkStore({ open: { store }, now: NOW })
      expect(report.checks).toEqual([
        { check: 'store', status: 'problem', detail: expect.stringContaining('others may') },
      ])
    },
  )

  it('reports a lost registry and a ring that breaks a rule as problems', async () => {
    const store = addressIn.file(await createFolder())
    const side = await openSide({ store })
    const { ring } = await fillStore(side, 1)
    const lost = addressIn.file(await createFolder())
    const other = await openSide({ store: lost })
    const document = JSON.stringify({ ...ring, keys: [...ring.keys, ...ring.keys] })
    await other.stores.keyStore.save({ ...ring, document: JSON.stringify(await loadRing(side)) }, undefined)
    expect(statuses(await checkStore({ open: { store: lost }, now: NOW }))['registry']).toBe('problem')
    await other.stores.keyStore.save({ generation: 2, write_id: crypto.randomUUID(), document }, ring)
    expect(detailOf(await checkStore({ open: { store: lost }, now: NOW }), 'ring')).toMatch(
      /ERR_KEY_RING_INVALID/,
    )
  })
})
