import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsPair } from './http-options.ts'

/** Where a certificate chain and its private key are. */
export interface TlsFilePaths {
  readonly certPath: string
  readonly keyPath: string
  /** The authorities of client certificates, one PEM certificate or several; absent = none are asked for. */
  readonly clientCaPath?: string
}

/** A certificate or key that cannot be used; the sentence names the file and never holds what is in it. */
export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError'
}

/**
 * Reads a PEM certificate chain (the server's own first) and its private key, and checks that they belong together; with
 * them the authorities of client certificates, if there are any.
 *
 * @throws {TlsFilesError} naming the file that is missing, unreadable or broken, or both when they do not match.
 */
export function readTlsFiles({ certPath, keyPath, clientCaPath }: TlsFilePaths): TlsPair {
  const cert = read(certPath)
  const key = read(keyPath)
  const certificate = attempt(() => new X509Certificate(cert), `${certPath} holds no PEM certificate`)
  const privateKey = attempt(() => createPrivateKey(key), `${keyPath} holds no unencrypted PEM private key`)
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsFilesError(`the private key in ${keyPath} does not belong to the certificate in ${certPath}`)
  }
  attempt(() => createSecureContext({ cert, key }), `${certPath} and ${keyPath} cannot be used for TLS`)
  return { cert, key, ...(clientCaPath !== undefined && { clientCa: readAuthorities(clientCaPath) }) }
}

/** OpenSSL skips what it cannot read, and then nobody's certificate would count, or not everybody's. */
function readAuthorities(path: string): string {
  const text = read(path)
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  if (blocks.length === 0) throw new TlsFilesError(`${path} holds no PEM certificate`)
  for (const block of blocks) {
    const certificate = attempt(() => new X509Certificate(block), `${path} holds a broken certificate`)
    if (!certificate.ca) throw new TlsFilesError(`${path} holds a certificate that is not an authority's`)
  }
  return text
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
