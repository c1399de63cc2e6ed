import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import type { TlsPair } from './http-options.ts'

/**
 * The TLS context of a server; one that is made anew for changed files has to have all of it again. A session is neither
 * resumed nor renegotiated where client certificates count: of a resumed one nobody checks the certificate again.
 */
export function toSecureContext({ cert, key, clientCa }: TlsPair): SecureContextOptions {
  return {
    minVersion: 'TLSv1.2',
    cert,
    key,
    ...(clientCa !== undefined && {
      ca: clientCa,
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    }),
  }
}
