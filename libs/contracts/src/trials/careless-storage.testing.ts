// A storage as one would write it without thinking of other processes; the trials must find it out.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IssuerError, type KeyStore, type SandboxRecord, type StoredKeyRing } from '@workload-identity/core'
import {
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '@workload-identity/core/testing'
import type { RegistryHandles } from '../registry-harness.ts'
import type { Opened } from './trial-storage.ts'

/** Compares and then writes: two savers may both have compared before one writes. */
export async function openKeyStore(location: string): Promise<Opened<KeyStore>> {
  await mkdir(location, { recursive: true })
  const path = join(location, 'ring.json')
  const load = async () =>
    existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StoredKeyRing) : undefined
  const save: KeyStore['save'] = async (ring, expected) => {
    if ((await load())?.write_id !== expected?.write_id)
      throw new IssuerError('ERR_STORE_CONFLICT', 'too late')
    await replaceFile(path, ring)
  }
  return { handle: { load, save }, close: async () => undefined }
}

/** Keeps all records in one file, written anew at each change by whoever read it before. */
export async function openRegistry(
  location: string,
  registryId: () => string,
): Promise<Opened<RegistryHandles>> {
  await mkdir(location, { recursive: true })
  const path = join(location, 'records.json')
  if (!existsSync(path)) writeFileSync(path, '[]')
  const open = () => {
    const storage = { ...createMemoryRegistryStorage(), registryId: registryId() }
    for (const record of JSON.parse(readFileSync(path, 'utf8')) as SandboxRecord[]) {
      storage.sandboxes.set(record.sandbox_id, record)
    }
    return { storage, sandboxes: createMemorySandboxRegistry({ storage, registryId }) }
  }
  const change = async <R>(work: (sandboxes: RegistryHandles['sandboxes']) => Promise<R>): Promise<R> => {
    const { storage, sandboxes } = open()
    const result = await work(sandboxes)
    await replaceFile(path, [...storage.sandboxes.values()])
    return result
  }
  const storage = createMemoryRegistryStorage()
  const sandboxes: RegistryHandles['sandboxes'] = {
    register: (record, now) => change((records) => records.register(record, now)),
    registerAll: (records, now) => change((registry) => registry.registerAll(records, now)),
    replace: (record, now) => change((records) => records.replace(record, now)),
    end: (id, now) => change((records) => records.end(id, now)),
    removeExpired: (now, limit) => change((records) => records.removeExpired(now, limit)),
    findById: (id, now) => open().sandboxes.findById(id, now),
    findBySecretHash: (sha256, now) => open().sandboxes.findBySecretHash(sha256, now),
    list: (query, now) => open().sandboxes.list(query, now),
  }
  const handle = {
    identity: createMemoryRegistryIdentity(storage),
    sandboxes,
    runners: createMemoryRunnerRegistry({ storage, registryId }),
  }
  return { handle, close: async () => undefined }
}

async function replaceFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, JSON.stringify(value))
  await rename(temporary, path)
}
