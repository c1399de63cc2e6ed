import type { IncomingMessage } from 'node:http'
import { createIsProxy, plainAddress } from './client-address.ts'

/** Gives the host, with its port if it has one, that a client asked for; `undefined` when it named none. */
export type FindRequestedHost = (request: IncomingMessage) => string | undefined

/**
 * Makes {@link FindRequestedHost}: the `Host` of the request, or what a trusted proxy says it was, which is the last
 * `X-Forwarded-Host` or the last `host` of `Forwarded` (RFC 7239). When a request has both headers, neither is believed: a
 * proxy that writes one hands on the other as it came. Whoever uses it must only compare it with hosts that he knows.
 *
 * @throws {RangeError} for an entry that is neither an address nor a CIDR range.
 */
export function createFindRequestedHost(trustedProxies: readonly string[]): FindRequestedHost {
  const isProxy = createIsProxy(trustedProxies)
  return ({ socket, headers }) => {
    const peer = socket.remoteAddress
    if (peer === undefined || !isProxy(plainAddress(peer))) return headers.host
    return toForwardedHost(headers['x-forwarded-host'], headers.forwarded) ?? headers.host
  }
}

/**
 * The request fields that {@link createFindRequestedHost} looks at, as `Vary` names them: a shared cache must not give to
 * everybody what somebody made a proxy ask for.
 */
export function requestedHostFields(trustedProxies: readonly string[]): string {
  return trustedProxies.length === 0 ? 'Host' : 'Host, X-Forwarded-Host, Forwarded'
}

function toForwardedHost(
  xForwardedHost: string | string[] | undefined,
  forwarded: string | undefined,
): string | undefined {
  const list = Array.isArray(xForwardedHost) ? xForwardedHost.join(',') : xForwardedHost
  if (list !== undefined) return forwarded === undefined ? list.split(',').at(-1)?.trim() : undefined
  const [, quoted, plain] =
    /(?:^|;)\s*host=(?:"([^"]*)"|([^;\s]*))/i.exec(forwarded?.split(',').at(-1) ?? '') ?? []
  return quoted ?? plain
}
