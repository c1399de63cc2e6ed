import { IssuerError, type KeyStore } from '@workload-identity/core'
import { createMemoryKeyStore, type MemoryRingStorage } from '@workload-identity/core/testing'
import type { KeyStoreHarness } from './key-store-harness.ts'

/** A store with one planted fault and the cases that must find it. */
export interface BrokenKeyStore {
  readonly fault: string
  /** Exactly these cases fail. */
  readonly found: readonly string[]
  plant(storage: MemoryRingStorage): KeyStore
}

/** A harness whose stores share one memory storage. */
export async function memoryKeyStoreHarness(
  plant: BrokenKeyStore['plant'] = createMemoryKeyStore,
): Promise<KeyStoreHarness> {
  const storage: MemoryRingStorage = {}
  return {
    open: async () => plant(storage),
    readRaw: async () => Buffer.from(JSON.stringify(storage)),
    makeUnavailable: async () => {
      storage.unavailable = true
    },
    destroy: async () => undefined,
  }
}

/** A memory store with some of its operations replaced; the others, and what they reach, stay the sound ones. */
export function faulty(
  change: (sound: KeyStore, storage: MemoryRingStorage) => Partial<KeyStore>,
): BrokenKeyStore['plant'] {
  return (storage) => {
    const sound = createMemoryKeyStore(storage)
    return { ...sound, ...change(sound, storage) }
  }
}

/** The error of a save that came too late. */
export function conflict(): IssuerError {
  return new IssuerError('ERR_STORE_CONFLICT', 'the key ring changed since it was read')
}
