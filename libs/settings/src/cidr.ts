import { toAddressBits, toIpAddress } from './ip-address.ts'
import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

declare const kind: unique symbol

/** An IP address (`10.1.2.3`, `fd00::1`) or a range of them (`10.0.0.0/8`), in canonical form. */
export type Cidr = string & { readonly [kind]: 'Cidr' }

/**
 * The text as an address or a range in CIDR notation, IPv4 or IPv6.
 *
 * @throws {SettingValueError} for anything else, also for a range whose address has bits set beyond the prefix
 * (`10.1.2.3/8`): it is not clear whether the host or the network was meant.
 * @see {@link https://www.rfc-editor.org/rfc/rfc4632#section-3.1 RFC 4632 §3.1}
 */
export function parseCidr(text: string): Cidr {
  const match = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text)
  const address = match === null ? undefined : toIpAddress(match[1] ?? '')
  if (match === null || address === undefined) {
    throw new SettingValueError('must be an IP address or a range such as 10.0.0.0/8 or fd00::/8')
  }
  if (match[2] === undefined) return address.text as Cidr
  const width = address.family === 4 ? 32 : 128
  const prefix = Number(match[2])
  if (prefix > width) throw new SettingValueError(`must have a prefix length from 0 to ${width}`)
  if (BigInt.asUintN(width - prefix, toAddressBits(address)) !== 0n) {
    throw new SettingValueError(
      `must have only zero bits after the first ${prefix}, or no prefix length for one address`,
    )
  }
  return `${address.text}/${prefix}` as Cidr
}

/** A schema for addresses and ranges; see {@link parseCidr}. */
export function cidr(): TextSchema<Cidr> {
  return textSchema(parseCidr)
}
