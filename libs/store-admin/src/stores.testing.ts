import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  applyStep,
  createKeyRing,
  encodeKeyRing,
  generateKeyMaterial,
  generateSecret,
  hashSecret,
  parseKeyEncryptionKey,
  unixSeconds,
  type KeyRing,
  type RunnerRecord,
  type SandboxRecord,
  type Sealing,
} from '@workload-identity/core'
import { onTestFinished } from 'vitest'
import { openStores } from './open-stores.ts'
import { encryptionOf, registriesOf, type StoreSide } from './store-side.ts'
import type { OpenStoresOptions } from './store-location.ts'

/** 2026-01-01T00:00:00Z */
export const NOW = unixSeconds(1_767_225_600)

/** A folder for one test, removed after it. */
export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wid-stores-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Opens one side for a test, which closes it. */
export async function openSide(options: OpenStoresOptions, sealing?: Sealing): Promise<StoreSide> {
  const stores = await openStores(options)
  onTestFinished(() => stores.close())
  return { stores, ...(sealing !== undefined && { sealing }) }
}

/** A sealing with a random key. */
export async function createSealing(): Promise<Sealing> {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  const key = await parseKeyEncryptionKey(Buffer.from(bytes).toString('base64url'))
  return { keys: [key], mode: 'strict' }
}

/** What {@link fillStore} has put into a store. */
export interface FilledStore {
  readonly ring: KeyRing
  /** The secret of sandbox `sb-0001`, valid for good. */
  readonly secret: string
  readonly sandboxes: readonly SandboxRecord[]
}

/** Puts a ring with an active, a next, a retired and a revoked key, a runner and `count` sandboxes into an empty store. */
export async function fillStore(side: StoreSide, count: number): Promise<FilledStore> {
  const ring = await createRing()
  const document = await encryptionOf(side).seal(encodeKeyRing(ring))
  await side.stores.registryIdentity.claim(ring.registry_id)
  await side.stores.keyStore.save({ ...ring, document }, undefined)
  const { runners, sandboxes: registry } = registriesOf(side, ring)
  const runner: RunnerRecord = {
    ...{ runner_id: 'runner-1', secrets: [{ sha256: await hashSecret(generateSecret('runner')) }] },
    ...{ created_at: NOW, revision: 1 },
  }
  await runners.register(runner, NOW)
  const secret = generateSecret('sandbox')
  const sandboxes: SandboxRecord[] = []
  for (let index = 1; index <= count; index += 1) {
    const sha256 = await hashSecret(index === 1 ? secret : generateSecret('sandbox'))
    sandboxes.push({
      ...{ sandbox_id: `sb-${String(index).padStart(4, '0')}`, app: 'web', secrets: [{ sha256 }] },
      ...{ created_at: NOW, revision: 1 },
      ...(index % 3 === 0 && { runner_id: 'runner-1', allowed_audiences: ['a', 'b'], max_ttl: 600 }),
    })
  }
  await registry.registerAll(sandboxes, NOW)
  const [first] = sandboxes
  if (first !== undefined) await registry.replace({ ...first, subject: 'app', revision: 2 }, NOW)
  return { ring, secret, sandboxes }
}

async function createRing(): Promise<KeyRing> {
  const [first, second, third, legacy] = await Promise.all(
    (['ES256', 'ES256', 'ES256', 'EdDSA'] as const).map(generateKeyMaterial),
  )
  if (!first || !second || !third || !legacy) throw new TypeError('a key is missing')
  const [ringId, writeId, registryId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
  const ids = { ringId, writeId, registryId, clusterId: 'eu-1', issuerUrl: 'https://id.example.com' }
  let ring = createKeyRing({ ...ids, key: first }, NOW)
  ring = applyStep(ring, { type: 'take-over', key: second }, NOW)
  ring = applyStep(ring, { type: 'revoke', kid: first.kid, reason: 'test' }, NOW)
  ring = applyStep(ring, { type: 'publish-next', key: third }, NOW)
  return applyStep(ring, { type: 'add-legacy', key: legacy }, NOW)
}
