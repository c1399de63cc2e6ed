import type { X509Certificate } from 'node:crypto'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { UnixSeconds } from '@workload-identity/core'
import { HttpRefusal, RETRY_AFTER_SECONDS, unauthenticated } from './http-refusal.ts'

/** The certificates that clients of one server show. */
export interface ClientCertificates {
  /** Starts to note the connections of a server. */
  watch(server: Server): void
  /** Lets what was shown so far count no more: it was checked against authorities that are no longer those. */
  renounce(): void
  /**
   * The certificate of a connection, `undefined` when the client showed none. Asked at every request: connections live
   * longer than certificates.
   *
   * @throws {HttpRefusal} 401 when it is not valid; 503, with the end of the connection, when it was valid to authorities
   * that have been replaced: whoever connects again is checked against those of now.
   */
  of(socket: Socket, now: UnixSeconds): X509Certificate | undefined
}

/** Makes {@link ClientCertificates}. */
export function createClientCertificates(): ClientCertificates {
  let current = {}
  const authoritiesOf = new WeakMap<Socket, object>()
  // A connection is checked against the authorities of its first instant, even if its handshake ends after they changed.
  const handshakes = new Map<string, object>()
  return {
    watch(server) {
      server.on('connection', (socket) => {
        const name = nameOf(socket)
        handshakes.set(name, current)
        socket.once('close', () => handshakes.delete(name))
      })
      server.on('secureConnection', (socket: TLSSocket) => {
        const authorities = handshakes.get(nameOf(socket))
        handshakes.delete(nameOf(socket))
        if (authorities !== undefined) authoritiesOf.set(socket, authorities)
      })
      server.on('tlsClientError', (_error, socket: TLSSocket) => handshakes.delete(nameOf(socket)))
    },
    renounce() {
      current = {}
    },
    of(socket, now) {
      if (!(socket instanceof TLSSocket)) return undefined
      // Sessions are not resumed here. Of one that were, a client without a certificate would count as authorized.
      if (socket.isSessionReused()) throw unauthenticated('the TLS session was resumed: connect anew')
      const certificate = socket.getPeerX509Certificate()
      if (certificate === undefined) return undefined
      if (!socket.authorized) throw invalidCertificate(socket.authorizationError)
      if (certificate.validToDate.getTime() <= now * 1000) throw invalidCertificate('CERT_HAS_EXPIRED')
      if (authoritiesOf.get(socket) !== current) throw outdatedConnection()
      return certificate
    },
  }
}

/** Node tells nowhere which connection a TLS socket was made of; its other end is the same. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function invalidCertificate(reason: unknown): HttpRefusal {
  const code = typeof reason === 'string' && /^[A-Z_]+$/.test(reason) ? ` (${reason})` : ''
  return unauthenticated(`the client certificate is not valid${code}`)
}

function outdatedConnection(): HttpRefusal {
  return new HttpRefusal({
    status: 503,
    error: 'temporarily_unavailable',
    description: 'the authorities of client certificates have changed; connect anew',
    headers: { 'retry-after': RETRY_AFTER_SECONDS, connection: 'close' },
  })
}
