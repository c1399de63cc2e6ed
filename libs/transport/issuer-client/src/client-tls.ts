import { IssuerError } from '@workload-identity/core'
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { ClientTls } from './issuer-client.ts'

/**
 * Reads certificates and key once, for all connections that are made with them.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` when one of them cannot be read, is empty, or lacks its other half.
 */
export function createClientContext({ ca, cert, key }: ClientTls): SecureContext {
  // Node takes an empty text for none given, and would trust everybody it usually trusts.
  if ([ca, cert, key].includes('')) throw unusable('one of them is empty')
  if ((cert === undefined) !== (key === undefined)) {
    throw unusable('a client certificate and its key go together')
  }
  if (ca !== undefined) assertAuthorities(ca)
  try {
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given'
    throw unusable(`they cannot be read, or do not belong together (${code})`)
  }
}

/** Node passes over authorities that it cannot read, and every handshake would fail for no visible reason. */
function assertAuthorities(ca: string): void {
  const certificates = ca.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs)
  if (certificates === null) throw unusable('the authorities hold no PEM certificate')
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate)
    } catch {
      throw unusable('one of the authorities is no certificate')
    }
  }
}

function unusable(why: string): IssuerError {
  return new IssuerError('ERR_REQUEST_INVALID', `the TLS certificates for the issuer cannot be used: ${why}`)
}
