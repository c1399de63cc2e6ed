import { parseKeyEncryptionKey } from './key-encryption-key.ts'

/** A key-encryption key whose bytes are 0…31. */
export const keyA = await parseKeyEncryptionKey(hexFrom(0))

/** A key-encryption key whose bytes are 1…32. */
export const keyB = await parseKeyEncryptionKey(hexFrom(1))

function hexFrom(first: number): string {
  return Array.from({ length: 32 }, (_, index) => (first + index).toString(16).padStart(2, '0')).join('')
}
