import { X509Certificate } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import type { RedisTls } from '@workload-identity/driver-redis'
import { readTlsFiles, type TlsFilePaths } from '@workload-identity/transport-http'
import { ConfigurationError } from './start-failure.ts'

/** The files that say how an issuer proves itself to Redis, and whom it trusts there. */
export interface RedisCredentialPaths {
  readonly passwordFile?: string
  readonly sentinelPasswordFile?: string
  readonly caFile?: string
  readonly certificate?: TlsFilePaths
}

/** What is in those files. */
export interface RedisCredentials {
  readonly password?: string
  readonly sentinelPassword?: string
  readonly tls?: RedisTls
}

/**
 * Reads the files. No text of an error quotes them.
 *
 * @throws {ConfigurationError | TlsFilesError} when one cannot be read or used, or others may read a password.
 */
export function readRedisCredentials(paths: RedisCredentialPaths): RedisCredentials {
  const { passwordFile, sentinelPasswordFile, caFile, certificate } = paths
  const tls: RedisTls = {
    ...(caFile !== undefined && { ca: readCertificates(caFile) }),
    ...(certificate !== undefined && readTlsFiles(certificate)),
  }
  return {
    ...(passwordFile !== undefined && { password: readPassword(passwordFile) }),
    ...(sentinelPasswordFile !== undefined && { sentinelPassword: readPassword(sentinelPasswordFile) }),
    ...(Object.keys(tls).length > 0 && { tls }),
  }
}

function readPassword(path: string): string {
  const descriptor = attempt(path, () => openSync(path, 'r'))
  try {
    const { mode } = fstatSync(descriptor)
    if ((mode & 0o077) !== 0) {
      throw refuse(path, 'gives others than its owner permissions on a password; run chmod 600 on it')
    }
    const password = attempt(path, () => readFileSync(descriptor, 'utf8')).replace(/\r?\n$/, '')
    if (password === '') throw refuse(path, 'is empty; write the password into it')
    if (/[\r\n\0]/.test(password))
      throw refuse(path, 'has more than one line; only the password may be in it')
    return password
  } finally {
    closeSync(descriptor)
  }
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
