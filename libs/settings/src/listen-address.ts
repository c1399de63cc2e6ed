import { isLoopbackAddress, toIpAddress } from './ip-address.ts'
import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

/** Where a listener binds: a TCP port (0 picks a free one) or a Unix socket. */
export type ListenAddress =
  | {
      readonly kind: 'tcp'
      /** An IP address without brackets in canonical form, or a host name in lower case. */
      readonly host: string
      readonly port: number
    }
  | { readonly kind: 'unix'; readonly path: string }

/** The longest path of a Unix socket, in bytes: what `sun_path` holds on every supported system, with its final NUL. */
export const MAX_SOCKET_PATH_BYTES = 103

const allowed = 'must be <host>:<port> (127.0.0.1:8080, [::1]:8080, port 0 picks a free one) or unix:<path>'
const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The text as an address to listen on: `host:port` with an IPv4 address or a host name, `[v6]:port`, or `unix:<path>`.
 *
 * @throws {SettingValueError} for anything else, also for a port alone: whoever means all interfaces says so.
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) return { kind: 'unix', path: parseSocketPath(text.slice('unix:'.length)) }
  const match = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(0|[1-9]\d{0,4})$/.exec(text)
  if (match === null) throw new SettingValueError(allowed)
  const [, bracketed, plain] = match
  const port = Number(match[3])
  if (port > 65_535) throw new SettingValueError('must have a port from 0 to 65535')
  const host = bracketed === undefined ? toPlainHost(plain ?? '') : toIpv6Host(bracketed)
  if (host === undefined) throw new SettingValueError(allowed)
  return { kind: 'tcp', host, port }
}

/** The address as text that {@link parseListenAddress} reads back. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/**
 * Whether nobody outside of this machine reaches the address: `localhost`, 127.0.0.0/8, ::1 and Unix sockets. Any
 * other host name is not, wherever it may point to just now.
 */
export function isLoopback(address: ListenAddress): boolean {
  if (address.kind === 'unix') return true
  const ip = toIpAddress(address.host)
  return ip === undefined ? address.host === 'localhost' : isLoopbackAddress(ip)
}

/** A schema for addresses to listen on; see {@link parseListenAddress}. */
export function listenAddress(): TextSchema<ListenAddress> {
  return textSchema(parseListenAddress)
}

function toIpv6Host(text: string): string | undefined {
  const ip = toIpAddress(text)
  return ip?.family === 6 ? ip.text : undefined
}

function toPlainHost(text: string): string | undefined {
  const host = text.toLowerCase()
  const labels = host.split('.')
  // A name that ends in a number would be read as an IPv4 address by resolvers, in spellings nobody expects.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return toIpAddress(host)?.text
  return host.length <= 253 && labels.every((label) => hostLabel.test(label)) ? host : undefined
}

function parseSocketPath(path: string): string {
  if (path === '' || path.includes('\0')) throw new SettingValueError('must name a path after unix:')
  if (path.startsWith('//')) {
    throw new SettingValueError('must be written unix:<path>, without // before the path')
  }
  if (new TextEncoder().encode(path).length > MAX_SOCKET_PATH_BYTES) {
    throw new SettingValueError(`must have a path of at most ${MAX_SOCKET_PATH_BYTES} bytes after unix:`)
  }
  return path
}
