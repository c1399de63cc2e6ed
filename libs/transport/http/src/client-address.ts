import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Gives the address of the client behind a request, for logs. */
export type FindClientAddress = (request: IncomingMessage) => string

/**
 * Makes {@link FindClientAddress}. Without proxies, or when the peer is none of them, it is the peer's address
 * (`unix` for a socket). Else it is the right-most address of `X-Forwarded-For` or `Forwarded` (RFC 7239) that is no
 * proxy. When a request has both headers, neither is believed: a proxy that writes one hands on the other as it came.
 *
 * @throws {RangeError} for an entry that is neither an address nor a CIDR range.
 */
export function createFindClientAddress(trustedProxies: readonly string[]): FindClientAddress {
  const isProxy = createIsProxy(trustedProxies)
  return ({ socket, headers }) => {
    if (socket.remoteAddress === undefined) return 'unix'
    let address = plainAddress(socket.remoteAddress)
    // Each hop is believed only if the one that noted it is a proxy of ours.
    for (const hop of toHops(headers['x-forwarded-for'], headers.forwarded).toReversed()) {
      if (!isProxy(address) || isIP(hop) === 0) break
      address = hop
    }
    return address
  }
}

/**
 * Makes the check whether an address, without brackets and port, is one of the proxies.
 *
 * @throws {RangeError} for an entry that is neither an address nor a CIDR range.
 */
export function createIsProxy(trustedProxies: readonly string[]): (address: string) => boolean {
  // Asking an empty list costs as much as asking a full one, for every request.
  if (trustedProxies.length === 0) return () => false
  const proxies = new BlockList()
  for (const entry of trustedProxies) addProxy(proxies, entry)
  return (address) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function addProxy(proxies: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/')
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(address) === 0 || rest.length > 0) throw new RangeError(`not an address or CIDR range: ${entry}`)
  if (prefix === undefined) proxies.addAddress(address, family)
  else proxies.addSubnet(address, Number(prefix), family)
}

/** The addresses that proxies noted, the client's first; none when they cannot be believed. */
function toHops(
  xForwardedFor: string | string[] | undefined,
  forwarded: string | undefined,
): readonly string[] {
  const list = Array.isArray(xForwardedFor) ? xForwardedFor.join(',') : xForwardedFor
  if (list !== undefined && forwarded !== undefined) return []
  if (list !== undefined) return list.split(',').map((hop) => plainAddress(hop.trim()))
  if (forwarded === undefined) return []
  return forwarded.split(',').map((element) => {
    const [, quoted, plain] = /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i.exec(element) ?? []
    return plainAddress(quoted ?? plain ?? '')
  })
}

/** An address without brackets and port, and an IPv4 address as such. */
export function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1]
  const address = bracketed ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}
