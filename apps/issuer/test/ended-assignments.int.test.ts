import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixSeconds, type UnixSeconds } from '@workload-identity/core'
import { startRedisServer, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { createLogger } from '@workload-identity/service'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createContainer } from '../src/composition/container.ts'
import { openState } from '../src/composition/open-state.ts'
import * as tokens from '../src/composition/tokens.ts'
import { readConfig } from '../src/config.ts'
import { sendRequest } from './send-request.ts'

let redis: RedisProcess
beforeAll(async () => {
  redis = await startRedisServer({ settings: ['--appendfsync', 'no'] })
})
afterAll(() => redis.stop())

const NOW = 1_767_225_600
const adminToken = 'a'.repeat(40)
const engines = ['sqlite', 'file', 'redis'] as const

function createPlace(engine: (typeof engines)[number]) {
  const folder = mkdtempSync(join(tmpdir(), 'wid-ended-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'admin-token'), `${adminToken}\n`, { mode: 0o600 })
  mkdirSync(join(folder, 'store'), { mode: 0o700 })
  const stores = {
    sqlite: `sqlite:${join(folder, 'db')}`,
    file: `file:${join(folder, 'store')}`,
    redis: `redis://${redis.host}:${redis.port}`,
  }
  return { folder, store: stores[engine], clusterId: randomUUID() }
}

/** An issuer in this process whose control listener listens, at a moment that the test sets. */
async function start({ folder, store, clusterId }: ReturnType<typeof createPlace>, moment: number) {
  const reading = readConfig(
    [
      ...['--issuer-url=https://issuer.example', '--signing-algorithm=ES256', `--cluster-id=${clusterId}`],
      ...[`--store=${store}`, `--admin-token-file=${join(folder, 'admin-token')}`],
      ...['public', 'token', 'control'].map((name) => `--${name}-listen=127.0.0.1:0`),
    ],
    {},
  )
  if (reading.kind !== 'config') throw new Error('no configuration')
  let now: UnixSeconds = unixSeconds(moment)
  const logger = createLogger('error', { write: () => undefined })
  const state = await openState(reading.config, logger, () => now)
  const listeners = createContainer(reading.config, state).resolve(tokens.LISTENERS)
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    await listeners.stop()
    await state.stores.close()
  }
  onTestFinished(stop)
  await listeners.start()
  const send = (method: string, path: string, json?: unknown, bearer = adminToken) =>
    sendRequest(listeners.addresses().control, path, { method, bearer, ...(json !== undefined && { json }) })
  return {
    stop,
    send,
    travelTo(later: number) {
      now = unixSeconds(later)
    },
    /** What the runner with that secret is told of. */
    async list(secret: string) {
      const { status, json } = await send('GET', '/v1/runner/sandboxes', undefined, secret)
      expect(status).toBe(200)
      const { sandboxes, ended } = json as Record<'sandboxes' | 'ended', readonly { sandbox_id: string }[]>
      const ids = (items: readonly { sandbox_id: string }[]) => items.map(({ sandbox_id }) => sandbox_id)
      return { live: ids(sandboxes), ended: ids(ended) }
    },
  }
}

describe.each(engines)('an issuer with its store in %s', { timeout: 60_000 }, (engine) => {
  it('tells a runner which sandboxes were ended and expired, also after a restart, and for 26 hours', async () => {
    const place = createPlace(engine)
    const first = await start(place, NOW)
    const { json } = await first.send('POST', '/v1/runners', { runner_id: 'node-1' })
    const { secret } = json as { secret: string }
    await first.send('POST', '/v1/runners', { runner_id: 'node-2' })
    for (const sandbox of [
      ...[{ sandbox_id: 'ended' }, { sandbox_id: 'kept' }, { sandbox_id: 'moved' }],
      { sandbox_id: 'expired', expires_at: NOW + 600 },
    ]) {
      const assigned = { app: 'web', runner_id: 'node-1', ...sandbox }
      expect((await first.send('POST', '/v1/sandboxes', assigned)).status).toBe(201)
    }
    expect((await first.send('DELETE', '/v1/sandboxes/ended')).status).toBe(204)
    expect((await first.send('PATCH', '/v1/sandboxes/moved', { runner_id: 'node-2' })).status).toBe(200)
    expect(await first.list(secret)).toEqual({ live: ['expired', 'kept'], ended: ['ended', 'moved'] })
    first.travelTo(NOW + 600)
    const all = { live: ['kept'], ended: ['ended', 'expired', 'moved'] }
    expect(await first.list(secret)).toEqual(all)
    await first.stop()

    const second = await start(place, NOW + 93_600)
    expect(await second.list(secret)).toEqual(all)
    second.travelTo(NOW + 93_600 + 600)
    expect(await second.list(secret)).toEqual({ live: ['kept'], ended: ['expired'] })
  })
})
