import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeKeyRing, type KeyRing } from '@workload-identity/core'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { openStores } from '@workload-identity/store-admin'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestClock, type TestClock } from './clock/file-clock.ts'
import { createTestFolder, findFreePort, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const HOUR = 3600
const clockMain = fileURLToPath(new URL('clock/clock-main.ts', import.meta.url))
const soon = { timeout: 20_000, interval: 20 }

interface Setting {
  readonly folder: string
  readonly clock: TestClock
  start(flags?: readonly string[]): Promise<IssuerProcess>
}

async function createSetting(engine: 'sqlite' | 'file'): Promise<Setting> {
  const folder = await createTestFolder()
  const clock = await createTestClock(folder)
  const issuerUrl = `http://127.0.0.1:${await findFreePort()}`
  const usual = [
    `--store=${engine}:${join(folder, 'store', 'keys')}`,
    '--public-listen=127.0.0.1:0',
    `--audit-log=${join(folder, 'audit')}`,
  ]
  return {
    folder,
    clock,
    start: (flags = []) =>
      startIssuer({ folder, issuerUrl, flags: [...usual, ...flags], env: clock.env, entryPoint: clockMain }),
  }
}

/** The ring as it is stored, with the private halves. */
async function loadRing(engine: 'sqlite' | 'file', { folder }: Setting): Promise<KeyRing> {
  const path = join(folder, 'store', 'keys')
  const stores = await openStores({
    store: engine === 'file' ? { engine, directory: path } : { engine, path },
  })
  try {
    return decodeKeyRing((await stores.keyStore.load())?.document ?? '')
  } finally {
    await stores.close()
  }
}

async function readStore({ folder }: Setting): Promise<Buffer> {
  const entries = await readdir(join(folder, 'store'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(
    await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name)))),
  )
}

async function algorithms(issuer: IssuerProcess): Promise<unknown> {
  const { json } = await sendRequest(issuer.ready.public, '/.well-known/openid-configuration')
  return (json as Record<string, unknown>)['id_token_signing_alg_values_supported']
}

async function mintAndVerify(issuer: IssuerProcess, secret: string, { clock }: Setting): Promise<string> {
  // A moved clock makes the ring old until it is read again.
  await expect.poll(async () => (await issuer.mint(secret)).status, soon).toBe(200)
  const token = ((await issuer.mint(secret)).json as { readonly value: string }).value
  const currentDate = new Date(clock.now() * 1000)
  const jwks = (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).json as JSONWebKeySet
  return (await jwtVerify(token, createLocalJWKSet(jwks), { currentDate })).protectedHeader.alg
}

describe('private halves of keys that sign no more', { timeout: 60_000 }, () => {
  it.each(['sqlite', 'file'] as const)(
    'are nowhere in the files of the %s store, with two processes on it',
    async (engine) => {
      const setting = await createSetting(engine)
      const [a, b] = [
        await setting.start(['--signing-algorithm=ES256']),
        await setting.start(['--signing-algorithm=ES256']),
      ]
      const rotate = async (issuer: IssuerProcess) => {
        const [signing] = (await loadRing(engine, setting)).keys.filter((key) => key.state === 'active')
        const privateHalf = signing?.private?.['d'] ?? ''
        expect((await readStore(setting)).includes(privateHalf)).toBe(true)
        const answer = await issuer.control('/v1/keys/rotate', { method: 'POST', json: { force: true } })
        expect(answer.json).toMatchObject({ outcome: 'promoted' })
        return { privateHalf, kid: signing?.kid ?? '' }
      }
      const gone = [await rotate(a), await rotate(b)]
      const revoked = await loadRing(engine, setting)
      const { kid = '', private: half } = revoked.keys.find((key) => key.state === 'active') ?? {}
      expect((await a.control(`/v1/keys/${kid}/revoke`, { method: 'POST' })).status).toBe(200)
      for (const text of [...gone.map(({ privateHalf }) => privateHalf), half?.['d'] ?? '']) {
        expect(text).toHaveLength(43)
        await expect.poll(async () => (await readStore(setting)).includes(text), soon).toBe(false)
      }
      expect((await readStore(setting)).includes(gone[0]?.kid ?? 'none')).toBe(true)
    },
  )
})

describe('a changed --signing-algorithm', { timeout: 60_000 }, () => {
  it('is a rotation: discovery names the old algorithm while its key is published', async () => {
    const setting = await createSetting('sqlite')
    const old = await setting.start()
    const { secret } = await old.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    expect([await algorithms(old), await mintAndVerify(old, secret, setting)]).toEqual([['RS256'], 'RS256'])
    await old.stop()

    const issuer = await setting.start(['--signing-algorithm=ES256'])
    await expect.poll(() => algorithms(issuer), soon).toEqual(['RS256', 'ES256'])
    expect(await mintAndVerify(issuer, secret, setting)).toBe('RS256')
    await setting.clock.advance(24 * HOUR + 60)
    await expect.poll(() => algorithms(issuer), soon).toEqual(['ES256', 'RS256'])
    expect(await mintAndVerify(issuer, secret, setting)).toBe('ES256')
    await setting.clock.advance(26 * HOUR + 60)
    await expect.poll(() => algorithms(issuer), soon).toEqual(['ES256'])
    expect(await mintAndVerify(issuer, secret, setting)).toBe('ES256')
    // It leaves the key set by the clock, and the ring when that was noted.
    await issuer.waitForLog(({ step }) => step === 'remove')

    const audit = (await readFile(join(setting.folder, 'audit'), 'utf8')).trim().split('\n')
    const steps = audit.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(steps.filter(({ event }) => event === 'key_rotated').map(({ step }) => step)).toEqual([
      'publish-next',
      'activate',
      'remove',
    ])
    const metrics = (await sendRequest(issuer.ready.control, '/metrics')).text
    expect(metrics).toMatch(/^wid_rotation_steps_total\{step="remove"\} 1$/m)
    expect(metrics).toMatch(/^wid_rotation_failures_total 0$/m)
    expect(metrics).toMatch(/^wid_key_erasure_pending 0$/m)
  })
})

describe('a rotation that fails', { timeout: 60_000 }, () => {
  it('shows in metrics at once and in readiness after --store-lag, a day before a key is late, and heals', async () => {
    const setting = await createSetting('sqlite')
    const issuer = await setting.start()
    const metric = async (name: string) => {
      const { text } = await sendRequest(issuer.ready.control, '/metrics')
      return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
    }
    const ready = async () => (await sendRequest(issuer.ready.control, '/readyz')).text
    const database = openDatabase({ path: join(setting.folder, 'store', 'keys') })
    onTestFinished(() => void database.close())
    // Whoever holds this lock lets others read and nobody write.
    database.exec('BEGIN IMMEDIATE')
    await setting.clock.advance(29 * 24 * HOUR)
    await expect.poll(() => metric('wid_rotation_failures_total'), soon).toBeGreaterThan(0)
    expect(await metric('wid_rotation_seconds_until_next_change')).toBeLessThanOrEqual(0)
    expect(await ready()).not.toMatch(/rotation/)
    await setting.clock.advance(301)
    await expect.poll(ready, soon).toMatch(/rotation: .*ERR_STORE_UNAVAILABLE.*publish-next/)

    database.exec('ROLLBACK')
    await expect.poll(ready, soon).toBe('{"status":"ok"}')
    const day = 24 * HOUR
    await expect.poll(() => metric('wid_rotation_seconds_until_next_change'), soon).toBeGreaterThan(day - 60)
  })
})
