import { IssuerError } from '../errors.ts'
import { decodeKeyRing, encodeKeyRing } from '../key-ring/codec.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import type { KeyEncryption } from '../ports/key-encryption.ts'
import type { StoredKeyRing } from '../ports/key-store.ts'

/** A ring as a store keeps it, plain: its document with its version beside it. */
export function toStoredRing(ring: KeyRing): StoredKeyRing {
  return { generation: ring.generation, write_id: ring.write_id, document: encodeKeyRing(ring) }
}

/**
 * The ring of a stored document, opened and decoded. Its keys are not proved yet.
 *
 * @param encryption for a document as it lies in the store; not for one of a `sealKeyStore`, which is plain.
 * @throws {IssuerError} those of `decodeKeyRing` and `KeyEncryption.open`; `ERR_STORE_CORRUPT` when the document is of
 * another version than the store says.
 */
export async function openStoredRing(stored: StoredKeyRing, encryption?: KeyEncryption): Promise<KeyRing> {
  const document = encryption === undefined ? stored.document : await encryption.open(stored.document)
  const ring = decodeKeyRing(document)
  if (ring.generation !== stored.generation || ring.write_id !== stored.write_id) {
    throw new IssuerError(
      'ERR_STORE_CORRUPT',
      'the stored key ring is of another version than the store says; restore it from a backup',
    )
  }
  return ring
}
