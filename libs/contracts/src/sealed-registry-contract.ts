import {
  parseKeyEncryptionKey,
  sealRunnerRegistry,
  sealSandboxRegistry,
  type SandboxRecord,
  type Sealing,
} from '@workload-identity/core'
import { expect } from 'vitest'
import { describeContract, type ContractCase } from './contract-case.ts'
import type { RegistryHandles, RegistryHarness } from './registry-harness.ts'
import { awkwardIds, hash, NOW, REGISTRY_ID, runner, sandbox, secret } from './registry-fixtures.ts'

const [key, otherKey] = await Promise.all([
  parseKeyEncryptionKey('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
  parseKeyEncryptionKey('0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'),
])
const strict: Sealing = { keys: [key], mode: 'strict' }

interface Scene {
  /** The registry as an issuer with a key has it. */
  readonly sealed: RegistryHandles
  /** The same storage in the hands of somebody who can write it and has no key. */
  readonly attacker: RegistryHandles
  /** Another issuer on the same storage, sealed otherwise. */
  another(sealing?: Sealing, clusterId?: string): Promise<RegistryHandles>
}

/** The handles of a harness with seals on every record. */
export function sealHandles(
  { identity, sandboxes, runners }: RegistryHandles,
  registryId: () => string,
  sealing: Sealing = strict,
  clusterId = 'prod',
): RegistryHandles {
  const options = { sealing, clusterId, registryId }
  return {
    identity,
    sandboxes: sealSandboxRegistry(sandboxes, options),
    runners: sealRunnerRegistry(runners, options),
  }
}

async function openScene({ open }: RegistryHarness): Promise<Scene> {
  const registryId = () => REGISTRY_ID
  const attacker = await open(registryId)
  await attacker.identity.claim(REGISTRY_ID)
  const another: Scene['another'] = async (sealing, clusterId) =>
    sealHandles(await open(registryId), registryId, sealing, clusterId)
  return { sealed: await another(), attacker, another }
}

const refused = (code: string, work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code })

async function findStored(attacker: RegistryHandles, id: string): Promise<SandboxRecord> {
  const stored = await attacker.sandboxes.findById(id, NOW)
  if (stored === undefined) throw new TypeError(`${id} is not stored`)
  return stored
}

/** Writes a record over another by the means of the store, as somebody does who knows how it keeps them. */
async function overwrite({ sandboxes }: RegistryHandles, record: SandboxRecord): Promise<void> {
  await sandboxes.end(record.sandbox_id, NOW)
  await sandboxes.register(record, NOW)
}

type SealedCase = readonly [name: string, run: (scene: Scene) => Promise<void>]

const cases: readonly SealedCase[] = [
  [
    'gives back what was stored, by ID, by secret and in lists, and nothing of the seal',
    async ({ sealed, another }) => {
      const record = sandbox('a', { secrets: [secret(1)], runner_id: 'r', expires_at: NOW })
      const live = { ...record, expires_at: (NOW + 1) as typeof NOW, allowed_audiences: ['x', 'y'] }
      await sealed.sandboxes.register(live, NOW)
      await sealed.runners.register(runner('r', { secrets: [secret(2)] }), NOW)
      const fresh = await another()
      expect(await fresh.sandboxes.findById('a', NOW)).toStrictEqual(live)
      expect(await fresh.sandboxes.findBySecretHash(hash(1), NOW)).toStrictEqual(live)
      expect((await fresh.sandboxes.list({ limit: 5, runnerId: 'r' }, NOW)).items).toStrictEqual([live])
      expect(await fresh.runners.findBySecretHash(hash(2), NOW)).toStrictEqual(
        runner('r', { secrets: [secret(2)] }),
      )
    },
  ],
  [
    'keeps every character that an ID may have, in batches, too',
    async ({ sealed, another }) => {
      const records = awkwardIds.map((id) => sandbox(id))
      expect(await sealed.sandboxes.registerAll(records, NOW)).toStrictEqual(records.map(() => undefined))
      expect((await (await another()).sandboxes.list({ limit: 100 }, NOW)).items).toStrictEqual(records)
    },
  ],
  [
    'refuses a sandbox that was added, by ID, by secret and in lists, with ERR_SEAL_MISSING',
    async ({ sealed, attacker }) => {
      await attacker.sandboxes.register(sandbox('forged', { secrets: [secret(1)] }), NOW)
      await refused('ERR_SEAL_MISSING', sealed.sandboxes.findById('forged', NOW))
      await refused('ERR_SEAL_MISSING', sealed.sandboxes.findBySecretHash(hash(1), NOW))
      await refused('ERR_SEAL_MISSING', sealed.sandboxes.list({ limit: 10 }, NOW))
    },
  ],
  [
    'refuses a runner that was added with ERR_SEAL_MISSING',
    async ({ sealed, attacker }) => {
      await attacker.runners.register(runner('forged', { secrets: [secret(1)] }), NOW)
      await refused('ERR_SEAL_MISSING', sealed.runners.findBySecretHash(hash(1), NOW))
      await refused('ERR_SEAL_MISSING', sealed.runners.list({ limit: 10 }, NOW))
    },
  ],
  [
    'refuses a record whose app, expiry or secret was changed with ERR_SEAL_BROKEN',
    async ({ sealed, attacker, another }) => {
      await sealed.sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const stored = await findStored(attacker, 'a')
      const changes = [{ app: 'pay' }, { expires_at: (NOW + 9) as typeof NOW }, { secrets: [secret(9)] }]
      for (const change of changes) {
        await overwrite(attacker, { ...stored, ...change })
        await refused('ERR_SEAL_BROKEN', (await another()).sandboxes.findById('a', NOW))
      }
      await refused('ERR_SEAL_BROKEN', (await another()).sandboxes.findBySecretHash(hash(9), NOW))
    },
  ],
  [
    'refuses two records whose secrets were swapped with ERR_SEAL_BROKEN',
    async ({ sealed, attacker }) => {
      await sealed.sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      await sealed.sandboxes.register(sandbox('b', { secrets: [secret(2)] }), NOW)
      const [a, b] = [await findStored(attacker, 'a'), await findStored(attacker, 'b')]
      await attacker.sandboxes.end('b', NOW)
      await overwrite(attacker, { ...a, secrets: b.secrets })
      await attacker.sandboxes.register({ ...b, secrets: a.secrets }, NOW)
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findBySecretHash(hash(1), NOW))
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findBySecretHash(hash(2), NOW))
    },
  ],
  [
    'refuses the seal of one record on another with ERR_SEAL_BROKEN',
    async ({ sealed, attacker }) => {
      await sealed.sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const stored = await findStored(attacker, 'a')
      await attacker.sandboxes.register({ ...stored, sandbox_id: 'b', secrets: [secret(2)] }, NOW)
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findById('b', NOW))
    },
  ],
  [
    'refuses the records of another cluster and of another registry with ERR_SEAL_BROKEN',
    async ({ attacker, sealed, another }) => {
      await (await another(strict, 'test')).sandboxes.register(sandbox('a'), NOW)
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findById('a', NOW))
      const { sandboxes } = sealHandles(attacker, () => 'another registry')
      await sandboxes.register(sandbox('b'), NOW)
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findById('b', NOW))
    },
  ],
  [
    'refuses a record that was sealed with another key with ERR_SEAL_KEY_UNKNOWN',
    async ({ sealed, another }) => {
      await (await another({ keys: [otherKey], mode: 'strict' })).sandboxes.register(sandbox('a'), NOW)
      await refused('ERR_SEAL_KEY_UNKNOWN', sealed.sandboxes.findById('a', NOW))
    },
  ],
  [
    'refuses an older record that was put back, with a secret that was renewed since, with ERR_SEAL_BROKEN',
    async ({ sealed, attacker }) => {
      await sealed.sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const old = await findStored(attacker, 'a')
      await sealed.sandboxes.replace(sandbox('a', { secrets: [secret(2)], revision: 2 }), NOW)
      await overwrite(attacker, old)
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findBySecretHash(hash(1), NOW))
    },
  ],
  [
    'refuses an ended record that was put back with ERR_SEAL_BROKEN',
    async ({ sealed, attacker }) => {
      await sealed.sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const old = await findStored(attacker, 'a')
      await sealed.sandboxes.end('a', NOW)
      await attacker.sandboxes.register(old, NOW)
      await refused('ERR_SEAL_BROKEN', sealed.sandboxes.findBySecretHash(hash(1), NOW))
    },
  ],
  [
    'lets what is refused be ended and registered again',
    async ({ sealed, attacker }) => {
      await attacker.sandboxes.register(sandbox('a', { app: 'forged' }), NOW)
      expect(await sealed.sandboxes.end('a', NOW)).toBe(true)
      await sealed.sandboxes.register(sandbox('a', { app: 'right' }), NOW)
      expect(await sealed.sandboxes.findById('a', NOW)).toStrictEqual(sandbox('a', { app: 'right' }))
    },
  ],
  [
    'seals what is there, changes the key and takes seals off, without losing a record or a secret',
    async ({ attacker, another }) => {
      const ids = ['a', 'b', 'c']
      for (const [index, id] of ids.entries())
        await attacker.sandboxes.register(sandbox(id, { secrets: [secret(index)] }), NOW)
      const steps: readonly Sealing[] = [
        { keys: [key], mode: 'adopt' },
        { keys: [otherKey, key], mode: 'strict' },
        { keys: [otherKey], mode: 'remove' },
      ]
      for (const sealing of steps) {
        const registryId = () => REGISTRY_ID
        const options = { sealing, clusterId: 'prod', registryId }
        const resealing = sealSandboxRegistry(attacker.sandboxes, options)
        expect(await resealing.resealPage({ limit: 10 }, NOW, () => undefined)).toStrictEqual({
          ...{ seen: 3, resealed: 3, left: 0, next: null },
        })
        const after: Sealing = { keys: sealing.keys.slice(0, 1), mode: sealing.mode }
        const { sandboxes } = await another(after)
        for (const index of ids.keys())
          expect(await sandboxes.findBySecretHash(hash(index), NOW)).toMatchObject({ sandbox_id: ids[index] })
      }
      expect(await findStored(attacker, 'a')).toStrictEqual(
        sandbox('a', { secrets: [secret(0)], revision: 4 }),
      )
    },
  ],
]

/** Every promise of a sealed registry as a named case; what somebody does who can write the store and has no key. */
export const sealedRegistryCases: readonly ContractCase<RegistryHarness>[] = cases.map(([name, run]) => ({
  name,
  run: async (harness) => run(await openScene(harness)),
}))

/**
 * Registers what must hold of a registry with seals on its records as Vitest tests for the registry called `name`. The
 * seals are the business of core: an adapter has to keep them, and to find records by nothing but what it was given.
 */
export function sealedRegistryContract(name: string, createHarness: () => Promise<RegistryHarness>): void {
  describeContract(`${name} as a sealed registry`, sealedRegistryCases, createHarness)
}
