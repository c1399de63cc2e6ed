import { IssuerError } from '../errors.ts'
import type { Sealing } from './sealing-mode.ts'

/** The error for a seal whose key is not among the known ones. */
export function sealKeyUnknown(what: string, kid: string, { keys }: Sealing, id?: string): IssuerError {
  const known = keys.map(({ id }) => id)
  const sentence =
    known.length === 0
      ? `${what} is sealed, and no key-encryption key is set: give the one it is sealed with`
      : `${what} is sealed with another key-encryption key than those that are set: add the one with the ID ${kid}`
  return new IssuerError('ERR_SEAL_KEY_UNKNOWN', sentence, {
    details: { sealed_with: kid, known, ...(id !== undefined && { id }) },
  })
}

/** The error for something that has no seal where there must be one. */
export function sealMissing(what: string, wayOut: string, id?: string): IssuerError {
  return new IssuerError(
    'ERR_SEAL_MISSING',
    `${what} is not sealed, though a key-encryption key is set: ${wayOut}`,
    { details: id === undefined ? {} : { id } },
  )
}

/** The error for something whose seal does not hold. */
export function sealBroken(what: string, wayOut: string, id?: string): IssuerError {
  return new IssuerError(
    'ERR_SEAL_BROKEN',
    `${what}; somebody without the key-encryption key wrote to the store: ${wayOut}`,
    { details: id === undefined ? {} : { id } },
  )
}
