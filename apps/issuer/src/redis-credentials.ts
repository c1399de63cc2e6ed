import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RedisTls } from '@workload-identity/driver-redis'
import { ConfigurationError, type SecretReader } from '@workload-identity/service'
import { readTlsFiles, type TlsFilePaths } from '@workload-identity/transport-http'

/** What says how an issuer proves itself to Redis, and whom it trusts there. */
export interface RedisCredentialSources {
  readonly password?: SecretReader
  readonly sentinelPassword?: SecretReader
  readonly caFile?: string
  readonly certificate?: TlsFilePaths
}

/** What is there. */
export interface RedisCredentials {
  readonly password?: string
  readonly sentinelPassword?: string
  readonly tls?: RedisTls
}

/**
 * Reads all of it. No text of an error quotes them.
 *
 * @throws {ConfigurationError | TlsFilesError} when one cannot be read or used, or others may read a password.
 */
export function readRedisCredentials(sources: RedisCredentialSources): RedisCredentials {
  const { password, sentinelPassword, caFile, certificate } = sources
  const tls: RedisTls = {
    ...(caFile !== undefined && { ca: readCertificates(caFile) }),
    ...(certificate !== undefined && readTlsFiles(certificate)),
  }
  return {
    ...(password !== undefined && { password: readPassword(password) }),
    ...(sentinelPassword !== undefined && { sentinelPassword: readPassword(sentinelPassword) }),
    ...(Object.keys(tls).length > 0 && { tls }),
  }
}

function readPassword(reader: SecretReader): string {
  const password = reader.read()
  if (/[\r\n\0]/.test(password)) {
    throw refuse(reader.where, 'has more than one line; only the password may be in it')
  }
  return password
}

function readCertificates(path: string): string {
  const text = attempt(path, () => readFileSync(path, 'utf8'))
  try {
    new X509Certificate(text)
    return text
  } catch {
    throw refuse(path, 'holds no PEM certificate')
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw refuse(path, `cannot be read (${code})`)
  }
}

function refuse(path: string, reason: string): ConfigurationError {
  return new ConfigurationError(`${path} ${reason}`)
}
