import type { Server as HttpServer } from 'node:http'
import { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { createClientCertificates, type ClientCertificates } from './client-certificates.ts'
import type { TlsPair } from './http-options.ts'
import { toSecureContext } from './tls-options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The certificates of clients; absent when none are asked for. */
    clientCertificates: ClientCertificates | undefined
    /**
     * Serves TLS with another pair for connections made from then on. Of no effect on a server of plain HTTP. Other
     * authorities count at once, also for connections that are open.
     */
    replaceTls(pair: TlsPair): void
  }
}

/** Adds what a server of TLS has besides its certificate. */
export function decorateTls(app: FastifyInstance, tls: TlsPair | undefined): void {
  const certificates = tls?.clientCa === undefined ? undefined : createClientCertificates()
  const server: HttpServer | TlsServer = app.server
  certificates?.watch(app.server)
  let authorities = tls?.clientCa
  app.decorate('clientCertificates', certificates)
  app.decorate('replaceTls', (pair: TlsPair) => {
    if (!(server instanceof TlsServer)) return
    server.setSecureContext(toSecureContext(pair))
    if (pair.clientCa === authorities) return
    authorities = pair.clientCa
    certificates?.renounce()
    app.server.closeIdleConnections()
  })
}
