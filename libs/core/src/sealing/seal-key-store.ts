import type { KeyEncryption } from '../ports/key-encryption.ts'
import type { KeyStore } from '../ports/key-store.ts'

/**
 * The same store with its documents sealed: whoever uses it sees them plain, as if they were stored so.
 *
 * `load` also throws what `KeyEncryption.open` throws.
 */
export function sealKeyStore(keyStore: KeyStore, encryption: KeyEncryption): KeyStore {
  return {
    ...keyStore,
    async load() {
      const stored = await keyStore.load()
      return stored && { ...stored, document: await encryption.open(stored.document) }
    },
    async save(ring, expected) {
      await keyStore.save({ ...ring, document: await encryption.seal(ring.document) }, expected)
    },
  }
}
