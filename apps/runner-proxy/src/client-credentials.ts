import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ClientTls } from '@workload-identity/issuer-client'
import { ConfigurationError, type SecretReader } from '@workload-identity/service'
import { readTlsFiles, TlsFilesError, type TlsFilePaths } from '@workload-identity/transport-http'

/** Where the files are with which the issuer is spoken to over TLS. */
export interface ClientTlsPaths {
  /** The authorities to trust; those Node trusts when absent. */
  readonly caPath?: string
  /** The client certificate and its key; absent = the runner proves itself by its secret. */
  readonly pair?: TlsFilePaths
}

/** Secrets of runners are 32 random bytes, base64url, and say whose they are. */
const runnerSecret = /^wir_[A-Za-z0-9_-]{43}$/

/**
 * Reads the secret of a runner.
 *
 * @throws {ConfigurationError} when it cannot be read, or is something else: a runner must never hold an admin token, nor
 * send one around. The text never quotes what was read.
 */
export function readRunnerSecret(reader: SecretReader): string {
  const secret = reader.read()
  if (runnerSecret.test(secret)) return secret
  throw new ConfigurationError(
    `${reader.where} does not hold the secret of a runner: wir_ and 43 characters, as the issuer answered when the runner was registered`,
  )
}

/**
 * Reads the files for TLS towards the issuer.
 *
 * @throws {TlsFilesError} naming the file that cannot be used.
 */
export function readClientTls({ caPath, pair }: ClientTlsPaths): ClientTls {
  return {
    ...(caPath !== undefined && { ca: readAuthorities(caPath) }),
    ...(pair !== undefined && readTlsFiles(pair)),
  }
}

/** Whether two readings are of the same content. */
export function isSameTls(one: ClientTls, other: ClientTls): boolean {
  return one.ca === other.ca && one.cert === other.cert && one.key === other.key
}

function readAuthorities(path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    // Reads the first one only; a file that holds none is what happens.
    new X509Certificate(text)
    return text
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new TlsFilesError(`${path} holds no PEM certificates that can be read${code}`, { cause: error })
  }
}
