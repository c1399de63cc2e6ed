import { isIPv4, isIPv6 } from 'node:net'

/** An IP address in its one canonical form: IPv4 dotted, IPv6 lower-case and compressed (RFC 5952) in hexadecimal groups. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly text: string
}

/**
 * The text as an IP address, or `undefined` when it is none. Refuses zones (`%eth0`), brackets, leading zeros and the
 * short or hexadecimal spellings of IPv4 that some programs read (`127.1`, `0x7f000001`).
 */
export function toIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, text }
  if (!isIPv6(text) || text.includes('%')) return undefined
  // WHATWG URL serializes a host of the form [v6] canonically.
  return { family: 6, text: new URL(`http://[${text}]/`).hostname.slice(1, -1) }
}

/** The bits of the address as one number: 32 of them for IPv4, 128 for IPv6. */
export function toAddressBits(address: IpAddress): bigint {
  if (address.family === 4) {
    return address.text.split('.').reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n)
  }
  const [head = '', tail] = address.text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

/** Whether the address stays on this machine: 127.0.0.0/8, also mapped into IPv6, and ::1. */
export function isLoopbackAddress(address: IpAddress): boolean {
  if (address.family === 4) return address.text.startsWith('127.')
  return address.text === '::1' || /^::ffff:7f[0-9a-f]{2}:/.test(address.text)
}
