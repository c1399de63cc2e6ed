import {
  isIssuerError,
  parseKeyEncryptionKey,
  type KeyEncryptionKey,
  type Sealing,
} from '@workload-identity/core'
import { ConfigurationError, type SecretReader } from '@workload-identity/service'
import type { SealingConfig } from './config.ts'

/**
 * Reads the key-encryption keys.
 *
 * @throws {ConfigurationError} when one cannot be read or is none. The text says where it is and never quotes it.
 */
export async function openSealing({ mode, keys }: SealingConfig): Promise<Sealing> {
  return { mode, keys: await Promise.all(keys.map(readKey)) }
}

async function readKey(reader: SecretReader): Promise<KeyEncryptionKey> {
  try {
    return await parseKeyEncryptionKey(reader.read())
  } catch (error) {
    if (!isIssuerError(error)) throw error
    throw new ConfigurationError(`${reader.where}: ${error.message}`)
  }
}
