import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRedisClient, parseRedisUrl } from '@workload-identity/driver-redis'
import { readServerFiles } from '@workload-identity/driver-redis/testing'
import { createRedisKeyStore } from '@workload-identity/key-store-redis'
import { decodeKeyRing } from '@workload-identity/core'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startVerifier, verifierNames, type Verifier } from './caching-verifiers/start-verifier.ts'
import { startBalancer } from './clock/balance-connections.ts'
import { createTestClock, type TestClock } from './clock/file-clock.ts'
import { startIssuer, type IssuerProcess } from './issuer-process.ts'
import { createReplicaFolder, startTestRedis } from './redis-replicas.ts'
import { createTestCertificates } from './test-certificates.ts'

const MINUTE = 60
const audience = 'https://vault.example.com'
const clockMain = fileURLToPath(new URL('clock/clock-main.ts', import.meta.url))
const soon = { timeout: 20_000, interval: 20 }
/** As short as the rules allow for a rotation of two hours with tokens of one hour. */
const policy = [
  ...['--active-for=2h', '--publish-ahead=30m', '--keep-retired=70m', '--max-ttl=1h'],
  ...['--jwks-max-age=10m', '--stale-if-error=0', '--store-lag=5m'],
]

interface Setting {
  readonly clock: TestClock
  readonly replicas: readonly IssuerProcess[]
  readonly verifiers: readonly Verifier[]
  readonly secret: string
  /** The ring as it is stored, with the private halves. */
  loadRing(): Promise<ReturnType<typeof decodeKeyRing>>
  readStoreFiles(): Promise<Buffer>
}

async function startEverything(): Promise<Setting> {
  const [folder, redis, balancer] = await Promise.all([
    createReplicaFolder(),
    startTestRedis(),
    startBalancer(),
  ])
  const clock = await createTestClock(folder)
  const { caFile, certFile, keyFile } = createTestCertificates(folder)
  const issuerUrl = `https://localhost:${balancer.port}`
  const storeUrl = `redis://${redis.host}:${redis.port}`
  const tls = [`--public-tls-cert=${certFile}`, `--public-tls-key=${keyFile}`]
  const flags = [...policy, ...tls, `--store=${storeUrl}`, '--public-listen=127.0.0.1:0']
  const start = (name: string) =>
    startIssuer({
      folder,
      issuerUrl,
      flags: [...flags, `--audit-log=${join(folder, `${name}.audit`)}`],
      env: clock.env,
      entryPoint: clockMain,
    })
  const replicas = await Promise.all([start('a'), start('b')])
  balancer.setTargets(replicas.map(({ ready }) => Number(new URL(ready.public).port)))
  const env = { ...clock.env, NODE_EXTRA_CA_CERTS: caFile }
  const verifiers = verifierNames.map((name) => startVerifier({ name, issuerUrl, audience, env }))
  const client = createRedisClient(parseRedisUrl(storeUrl))
  onTestFinished(() => client.close())
  await client.connect()
  const keyStore = createRedisKeyStore({ client, clusterId: 'default' })
  const { secret } = await first(replicas).register({ sandbox_id: 'billing-7f9c', app: 'billing' })
  return {
    ...{ clock, replicas, verifiers, secret },
    loadRing: async () => decodeKeyRing((await keyStore.load())?.document ?? ''),
    readStoreFiles: () => readServerFiles(redis),
  }
}

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error('there is none')
  return item
}

async function keysOf(replica: IssuerProcess): Promise<readonly string[]> {
  const { items } = (await replica.control('/v1/keys')).json as {
    readonly items: readonly { readonly kid: string; readonly state: string }[]
  }
  return items.map(({ kid, state }) => `${state} ${kid}`)
}

/** Waits until the replicas have seen the clock, made what is due, and agree. */
async function settle({ replicas }: Setting): Promise<readonly string[]> {
  const look = async () => {
    const answers = await Promise.all(
      replicas.map(async (replica) => {
        const [plan, ready] = [await replica.control('/v1/keys/plan'), await replica.control('/readyz')]
        const { next_change } = plan.json as { readonly next_change: { readonly due?: string } }
        return { isIdle: next_change.due === undefined && ready.status === 200, keys: await keysOf(replica) }
      }),
    )
    const keys = answers.map((answer) => answer.keys.join(', '))
    return answers.every(({ isIdle }) => isIdle) && new Set(keys).size === 1
  }
  await expect.poll(look, soon).toBe(true)
  return keysOf(first(replicas))
}

async function mintEverywhere({ replicas, secret }: Setting): Promise<readonly string[]> {
  const query = `?audience=${encodeURIComponent(audience)}&ttl=3600`
  const answers = await Promise.all(replicas.map((replica) => replica.mint(secret, query)))
  expect(answers.map(({ status }) => status)).toEqual(replicas.map(() => 200))
  return answers.map(({ json }) => (json as { readonly value: string }).value)
}

/** What each verifier says of each token, where it is not `ok`. */
async function refusals({ verifiers }: Setting, tokens: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    verifiers.map(async (verifier) => {
      const said: string[] = []
      for (const token of tokens) {
        const answer = await verifier.verify(token)
        if (answer !== 'ok') said.push(`${verifier.name}: ${answer}`)
      }
      return said
    }),
  )
  return answers.flat()
}

const isAlive = (token: string, now: number) => now < (decodeJwt(token).exp ?? 0)
const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? ''

describe('two replicas that rotate', { timeout: 60_000 }, () => {
  it('have every living token verified by jose, jwks-rsa and aws-jwt-verify, through their own caches', async () => {
    const setting = await startEverything()
    const { clock, replicas, loadRing, readStoreFiles } = setting
    const firstRing = await loadRing()
    const [firstKey] = firstRing.keys
    const privateHalf = firstKey?.private?.['d'] ?? ''
    expect((await readStoreFiles()).includes(privateHalf)).toBe(true)
    let living: readonly string[] = []
    const [dead = ''] = await mintEverywhere(setting)
    const signers = new Set<string>()
    const stages: string[] = []

    // Publish at 1:30, sign from 2:00 on, gone at 3:10; the next one signs at 4:00. What is in between, too.
    for (let minute = 0; minute <= 250; minute += 10) {
      const keys = await settle(setting)
      const stage = keys.map((key) => key.split(' ')[0]).join(' ')
      if (stages.at(-1) !== stage) stages.push(stage)
      living = [...living.filter((token) => isAlive(token, clock.now())), ...(await mintEverywhere(setting))]
      for (const token of living) signers.add(kidOf(token))
      expect(await refusals(setting, living)).toEqual([])
      await clock.advance(10 * MINUTE)
    }
    expect(stages).toEqual([
      'active',
      'active next',
      'active retired',
      'active',
      'active next',
      'active retired',
    ])
    expect(signers.size).toBe(3)
    // The clock of the verifiers is the one that was moved: to them, what was minted first is long over.
    expect(await refusals(setting, [dead])).toHaveLength(verifierNames.length)

    const ring = await loadRing()
    expect(ring.history).toMatchObject([{ kid: firstKey?.kid, reason: 'removed' }])
    expect(JSON.stringify(ring)).not.toContain(privateHalf)
    await expect.poll(async () => (await readStoreFiles()).includes(privateHalf), soon).toBe(false)
    const steps = replicas.flatMap((replica) => replica.logLines().filter(({ step }) => step !== undefined))
    const made = steps.map(({ step, kid }) => `${String(step)} ${String(kid)}`)
    expect([made.length, new Set(made).size], 'each step is made by one replica').toEqual([5, 5])
  })

  it('rotate and revoke by hand, and say how long verifiers take to follow', async () => {
    const setting = await startEverything()
    const { clock } = setting
    const [a, b] = setting.replicas
    if (a === undefined || b === undefined) throw new Error('there are two')
    const old = await mintEverywhere(setting)
    expect(await refusals(setting, old)).toEqual([])
    const expected_active_kid = kidOf(first(old))

    const forced = await a.control('/v1/keys/rotate', {
      method: 'POST',
      json: { force: true, expected_active_kid },
    })
    const { verifiers_lack_until, active_kid } = forced.json as {
      readonly verifiers_lack_until: number
      readonly active_kid: string
    }
    const again = { method: 'POST', json: { force: true, expected_active_kid } }
    expect([forced.status, (await b.control('/v1/keys/rotate', again)).status]).toEqual([200, 409])
    await settle(setting)
    expect(await refusals(setting, old)).toEqual([])
    await clock.advance(verifiers_lack_until - clock.now() + 1)
    await settle(setting)
    const forcedTokens = await mintEverywhere(setting)
    expect(new Set(forcedTokens.map(kidOf))).toEqual(new Set([active_kid]))
    expect(await refusals(setting, [...old, ...forcedTokens])).toEqual([])

    const revoked = await b.control(`/v1/keys/${active_kid}/revoke`, {
      method: 'POST',
      json: { reason: 'leaked' },
    })
    expect(revoked.json).toMatchObject({ kid: active_kid, successor: 'created' })
    const { cached_until } = revoked.json as { readonly cached_until: number }
    expect(await settle(setting)).not.toContain(`active ${active_kid}`)
    await clock.advance(cached_until - clock.now() + 1)
    await settle(setting)
    const after = await mintEverywhere(setting)
    expect(await refusals(setting, [...old, ...after])).toEqual([])
    expect(await refusals(setting, [first(forcedTokens)])).toEqual(
      verifierNames.map((name) => expect.stringMatching(new RegExp(`^${name}: `))),
    )
    expect((await a.control(`/v1/keys/${active_kid}/revoke`, { method: 'POST' })).status).toBe(409)
  })
})
