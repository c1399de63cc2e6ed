import { IssuerError } from '@workload-identity/core'
import { buildConnector, Pool } from 'undici'
import { createClientContext } from './client-tls.ts'
import type { ControlAddress } from './control-address.ts'
import type { ClientTls } from './issuer-client.ts'

/** Why there is no connection: nothing can have been received. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure'

  constructor(cause: unknown) {
    super('no connection', { cause })
  }
}

/** What {@link openConnections} needs. */
export interface ConnectionsOptions {
  readonly address: ControlAddress
  readonly tls?: ClientTls
  readonly maxConnections: number
  readonly connectTimeoutMs: number
}

/** The connections to one issuer. They are made when needed, and kept for the next request. */
export interface Connections {
  /** Where the next request goes. */
  current(): Pool
  /** New connections from now on; resolves when the earlier ones are done and closed. */
  replaceTls(tls: ClientTls): Promise<void>
  /** Closes them at once, whatever they are doing; those that were replaced close when their last request has ended. */
  destroy(): Promise<void>
}

/**
 * Makes {@link Connections}.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for certificates that cannot be used, or that would not be used.
 */
export function openConnections(options: ConnectionsOptions): Connections {
  let current = createPool(options, options.tls)
  return {
    current: () => current,
    async replaceTls(tls) {
      const earlier = current
      current = createPool(options, tls)
      await earlier.close()
    },
    destroy: () => current.destroy(),
  }
}

function createPool(options: ConnectionsOptions, tls: ClientTls | undefined): Pool {
  const { address, maxConnections, connectTimeoutMs } = options
  const { origin, socketPath, isTls } = address
  if (tls !== undefined && !isTls) {
    throw new IssuerError(
      'ERR_REQUEST_INVALID',
      'TLS certificates are given, but the control URL of the issuer is not https',
    )
  }
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(socketPath !== undefined && { socketPath }),
    // Said here so that no variable of the environment says otherwise.
    ...(isTls && { rejectUnauthorized: true, secureContext: createClientContext(tls ?? {}) }),
  })
  return new Pool(origin, {
    connections: maxConnections,
    pipelining: 1,
    allowH2: false,
    // Every try has a limit of its own, over all of its parts.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(target, callback) {
      connect(target, (...[error, socket]) => {
        if (error === null) callback(null, socket)
        else callback(new ConnectFailure(error), null)
      })
    },
  })
}
