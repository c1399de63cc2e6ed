import type { SandboxRecord } from '@workload-identity/core'
import {
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
  type MemoryRegistryStorage,
} from '@workload-identity/core/testing'
import type { RegistryHandles, RegistryHarness } from './registry-harness.ts'

/** Makes a registry's handles on a memory storage. */
export type PlantRegistry = (storage: MemoryRegistryStorage, registryId: () => string) => RegistryHandles

/** A registry with one planted fault and the cases that must find it. */
export interface BrokenRegistry {
  readonly fault: string
  /** Exactly these cases fail. */
  readonly found: readonly string[]
  readonly plant: PlantRegistry
}

/** The three memory registries on one storage. */
export const memoryRegistry: PlantRegistry = (storage, registryId) => ({
  identity: createMemoryRegistryIdentity(storage),
  sandboxes: createMemorySandboxRegistry({ storage, registryId }),
  runners: createMemoryRunnerRegistry({ storage, registryId }),
})

/** A harness whose registries share one memory storage. */
export async function memoryRegistryHarness(plant: PlantRegistry = memoryRegistry): Promise<RegistryHarness> {
  const storage = createMemoryRegistryStorage()
  return {
    open: async (registryId) => plant(storage, registryId),
    wipe: async () => {
      delete storage.registryId
      storage.sandboxes.clear()
      storage.runners.clear()
    },
    makeUnavailable: async () => {
      storage.unavailable = true
    },
    destroy: async () => undefined,
  }
}

/** What a fault replaces of the three registries. */
export interface RegistryChanges {
  readonly identity?: Partial<RegistryHandles['identity']>
  readonly sandboxes?: Partial<RegistryHandles['sandboxes']>
  readonly runners?: Partial<RegistryHandles['runners']>
}

/** Memory registries with some of their operations replaced; the others, and what they reach, stay the sound ones. */
export function faulty(
  change: (
    sound: RegistryHandles,
    storage: MemoryRegistryStorage,
    registryId: () => string,
  ) => RegistryChanges,
): PlantRegistry {
  return (storage, registryId) => {
    const sound = memoryRegistry(storage, registryId)
    const { identity, sandboxes, runners } = change(sound, storage, registryId)
    return {
      identity: { ...sound.identity, ...identity },
      sandboxes: { ...sound.sandboxes, ...sandboxes },
      runners: { ...sound.runners, ...runners },
    }
  }
}

/** The record as a registry keeps it that knows no policies. */
export function withoutPolicy(record: SandboxRecord): SandboxRecord {
  const { allowed_audiences: _audiences, max_ttl: _ttl, subject: _subject, ...rest } = record
  return rest
}
