import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose'
import type { KeyEncryption } from '../ports/key-encryption.ts'
import { isKeyEncryptionKeyId } from './key-encryption-key.ts'
import { sealBroken, sealKeyUnknown, sealMissing } from './seal-errors.ts'
import { sealingKey, type Sealing } from './sealing-mode.ts'

/** The {@link KeyEncryption} of a store, and what is left to do for it. */
export interface RingEncryption extends KeyEncryption {
  /** Whether a stored document is as `seal` would leave it today: sealed with the first key, or plain. */
  isCurrent(stored: string): boolean
}

const subject = 'the stored key ring'
const restore = 'restore the ring from a backup, and find out who did'

/**
 * Seals ring documents as compact JWEs (`dir`, A256GCM, RFC 7516) with the ID of the key as `kid`. Without a key, and in
 * the mode `remove`, documents stay plain. `open` refuses what {@link Sealing} says: `ERR_SEAL_KEY_UNKNOWN` for a seal of
 * another key, `ERR_SEAL_BROKEN` for one that does not hold, `ERR_SEAL_MISSING` for a plain document in the mode `strict`.
 */
export function createKeyEncryption(sealing: Sealing): RingEncryption {
  const first = sealingKey(sealing)
  return {
    async seal(document) {
      if (first === undefined) return document
      return new CompactEncrypt(new TextEncoder().encode(document))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.id })
        .encrypt(first.encryption)
    },
    async open(stored) {
      const kid = readKeyId(stored)
      if (kid === undefined) return openPlain(stored, sealing)
      const key = sealing.keys.find(({ id }) => id === kid)
      if (key === undefined) throw sealKeyUnknown(subject, kid, sealing)
      try {
        const { plaintext } = await compactDecrypt(stored, key.encryption, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        })
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext)
      } catch {
        // The cause says no more than this, and might say something of the document.
        throw sealBroken(`${subject} was altered or cut off`, restore)
      }
    },
    isCurrent: (stored) => readKeyId(stored) === first?.id,
  }
}

function openPlain(stored: string, { keys, mode }: Sealing): string {
  // A text that is no JWE and no JSON either is a damaged one, and the decoder says so when nothing has to be sealed.
  if (keys.length === 0 || (mode !== 'strict' && isJson(stored))) return stored
  if (!isJson(stored)) throw sealBroken(`${subject} was altered or cut off`, restore)
  throw sealMissing(
    subject,
    'restore the sealed ring, or, when it never was sealed and you trust what is there, start with --sealing adopt',
  )
}

function isJson(stored: string): boolean {
  return stored.trimStart().startsWith('{')
}

/** The `kid` of a JWE; `undefined` when the text is none, or not one of ours. */
function readKeyId(stored: string): string | undefined {
  if (isJson(stored)) return undefined
  try {
    const { kid } = decodeProtectedHeader(stored)
    return isKeyEncryptionKeyId(kid) ? kid : undefined
  } catch {
    return undefined
  }
}
