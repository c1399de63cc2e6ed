import { IssuerError } from '../errors.ts'
import type { KeyStore, StoredKeyRing } from '../ports/key-store.ts'

/** What memory stores made on the same object share, as databases on the same disk would. */
export interface MemoryRingStorage {
  ring?: StoredKeyRing
  /** When true, every operation fails as an unreachable store does. */
  unavailable?: boolean
  /** Who wants to know of a save, through whichever store it is made. */
  watchers?: Set<() => void>
}

/** The reference implementation of {@link KeyStore}: everything in `storage`, nothing durable. */
export function createMemoryKeyStore(storage: MemoryRingStorage = {}): KeyStore {
  const watchers = (storage.watchers ??= new Set())
  const assertAvailable = () => {
    if (storage.unavailable === true) {
      throw new IssuerError('ERR_STORE_UNAVAILABLE', 'the memory store was made unavailable')
    }
  }
  return {
    async load() {
      assertAvailable()
      return storage.ring
    },
    async save(ring, expected) {
      assertAvailable()
      const stored = storage.ring
      if (stored?.generation !== expected?.generation || stored?.write_id !== expected?.write_id) {
        throw new IssuerError('ERR_STORE_CONFLICT', 'the key ring changed since it was read')
      }
      storage.ring = { generation: ring.generation, write_id: ring.write_id, document: ring.document }
      for (const notify of watchers) notify()
    },
    watch(onChange) {
      watchers.add(onChange)
      return () => watchers.delete(onChange)
    },
  }
}
