import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsPair } from './http-options.ts'

/** Where a certificate chain and its private key are. */
export interface TlsFilePaths {
  readonly certPath: string
  readonly keyPath: string
}

/** A certificate or key that cannot be used; the sentence names the file and never holds what is in it. */
export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError'
}

/**
 * Reads a PEM certificate chain (the server's own first) and its private key, and checks that they belong together.
 *
 * @throws {TlsFilesError} naming the file that is missing, unreadable or broken, or both when they do not match.
 */
export function readTlsFiles({ certPath, keyPath }: TlsFilePaths): TlsPair {
  const cert = read(certPath)
  const key = read(keyPath)
  const certificate = attempt(() => new X509Certificate(cert), `${certPath} holds no PEM certificate`)
  const privateKey = attempt(() => createPrivateKey(key), `${keyPath} holds no unencrypted PEM private key`)
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsFilesError(`the private key in ${keyPath} does not belong to the certificate in ${certPath}`)
  }
  attempt(() => createSecureContext({ cert, key }), `${certPath} and ${keyPath} cannot be used for TLS`)
  return { cert, key }
}

function read(path: string): string {
  return attempt(() => readFileSync(path, 'utf8'), `${path} cannot be read`)
}

function attempt<T>(action: () => T, problem: string): T {
  try {
    return action()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new TlsFilesError(problem + code, { cause: error })
  }
}
