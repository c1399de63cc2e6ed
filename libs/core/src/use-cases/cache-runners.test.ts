import { describe, expect, it } from 'vitest'
import { after, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { createRegistries, runnerOf } from '../../test/registries.ts'
import type { RunnerRecord } from '../ports/runner-registry.ts'
import { createMemoryRunnerRegistry } from '../testing/memory-registry.ts'
import { seconds } from '../time.ts'
import { createAuthenticateRunner } from './authenticate-runner.ts'
import { cacheRunners } from './cache-runners.ts'
import type { LookUpSource } from './cached-look-ups.ts'
import { createRenewRunnerSecret } from './renew-runner-secret.ts'

const SECRET = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const policy = { trustedFor: seconds(2), storeLag: seconds(300), maxBytes: 1_000_000 }

/** Two replicas on one store; how often, and by what, the first one answered. */
async function createReplicas() {
  const { storage, runners: store, clock } = createRegistries([])
  const sources: LookUpSource[] = []
  const cached = cacheRunners({ ...policy, runners: store, onFound: (from) => sources.push(from) })
  const record = runnerOf('r-1', { secrets: [{ sha256: SECRET }] })
  await store.register(record, START)
  const elsewhere = createMemoryRunnerRegistry({ storage, registryId: () => UUIDS.registry })
  const here = cached.runners
  return {
    ...{ storage, store, clock, sources, cached, here, elsewhere, record },
    authenticate: createAuthenticateRunner({ runners: here, clock: clock.now }),
  }
}

const credentials = [['bySecret', SECRET] as const, ['byId', 'r-1'] as const]

describe.each(credentials)('cacheRunners, asked %s', (how, proof) => {
  it('asks the store again 2 seconds after it was asked, and not before', async () => {
    const { authenticate, clock, sources } = await createReplicas()
    for (const later of [0, 1, 2]) {
      clock.set(after(later))
      await authenticate[how](proof)
    }
    expect(sources).toEqual(['store', 'cache', 'store'])
  })

  it('notices an end on another replica within 2 seconds', async () => {
    const { authenticate, clock, elsewhere } = await createReplicas()
    await authenticate[how](proof)
    await elsewhere.end('r-1', START)
    clock.set(after(1))
    await expect(authenticate[how](proof)).resolves.toBeDefined()
    clock.set(after(2))
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('lets nobody through who was ended here, also when the store is gone right after it', async () => {
    const { authenticate, here, storage } = await createReplicas()
    await authenticate[how](proof)
    await here.end('r-1', START)
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    storage.unavailable = true
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('lets nobody through whose end was asked for here while the store was down', async () => {
    const { authenticate, here, storage } = await createReplicas()
    await authenticate[how](proof)
    storage.unavailable = true
    await expect(here.end('r-1', START)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it.each([
    [['ask', 'end', 'ended', 'answer']],
    [['end', 'ask', 'answer', 'ended']],
    [['end', 'ask', 'ended', 'answer']],
  ] as const)('remembers nothing of %j', async (order) => {
    const { store, record } = await createReplicas()
    const [answer, ended] = [Promise.withResolvers<RunnerRecord>(), Promise.withResolvers<boolean>()]
    const find = () => answer.promise
    const slow = cacheRunners({
      ...policy,
      runners: { ...store, findBySecretHash: find, findById: find, end: () => ended.promise },
    })
    const asked = createAuthenticateRunner({ runners: slow.runners, clock: () => START })
    const pending: Promise<unknown>[] = []
    const steps = {
      ask: () => pending.push(asked[how](proof)),
      end: () => pending.push(slow.runners.end('r-1', START)),
      answer: () => answer.resolve(record),
      ended: () => ended.resolve(true),
    }
    for (const step of order) {
      steps[step]()
      await Promise.resolve().then(() => undefined)
    }
    await Promise.all(pending)
    expect(slow.size()).toBe(0)
  })

  it('answers until `storeLag` is over while the store is unreachable', async () => {
    const { authenticate, storage, clock } = await createReplicas()
    await authenticate[how](proof)
    storage.unavailable = true
    clock.set(after(299))
    await expect(authenticate[how](proof)).resolves.toBeDefined()
    clock.set(after(300))
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('forgets what a registry knew that turns out to be lost', async () => {
    const { authenticate, storage, clock, cached } = await createReplicas()
    await authenticate[how](proof)
    clock.set(after(2))
    storage.registryId = UUIDS.ring
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_REGISTRY_LOST'))
    expect(cached.size()).toBe(0)
  })

  it('remembers nobody who was not found', async () => {
    const { authenticate, here, record, cached } = await createReplicas()
    await here.end('r-1', START)
    await expect(authenticate[how](proof)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    expect(cached.size()).toBe(0)
    await here.register(record, START)
    await expect(authenticate[how](proof)).resolves.toBeDefined()
  })
})

describe('cacheRunners', () => {
  it('lets a new secret take effect here at once', async () => {
    const { authenticate, here, record } = await createReplicas()
    await authenticate.bySecret(SECRET)
    await here.replace({ ...record, secrets: [{ sha256: OTHER }], revision: 2 }, START)
    await expect(authenticate.bySecret(SECRET)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    await expect(authenticate.bySecret(OTHER)).resolves.toMatchObject({ revision: 2 })
  })

  it('renews a secret although what it remembers is older than the record', async () => {
    const { here, elsewhere, record, clock } = await createReplicas()
    await here.findById('r-1', START)
    await elsewhere.replace({ ...record, token_dir: '/t', revision: 2 }, START)
    const renew = createRenewRunnerSecret({ runners: here, clock: clock.now })
    await expect(renew('r-1')).resolves.toMatchObject({ record: { token_dir: '/t', revision: 3 } })
  })

  it('keeps no more than its size', async () => {
    const { store, record } = await createReplicas()
    const small = cacheRunners({ ...policy, maxBytes: 10_000, runners: store })
    for (let index = 0; index < 100; index += 1) {
      const secrets = [{ sha256: index.toString(16).padStart(64, '0') }]
      await store.register({ ...record, runner_id: `n-${index}`, secrets }, START)
      await small.runners.findById(`n-${index}`, START)
    }
    expect(small.size()).toBeGreaterThan(5)
    expect(small.size()).toBeLessThan(20)
  })
})
