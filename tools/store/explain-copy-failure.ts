import type { IssuerError } from '@workload-identity/core'

/** One of the two stores of a copy, as its flags call it. */
export type CopySide = 'from' | 'to'

/**
 * Why a copy failed, as a sentence for the operator of the command: it says which store it is about, and names the flags
 * of the copy, where the error itself speaks of an issuer. `side` is the store whose ring was being opened.
 */
export function explainCopyFailure({ code, message, details }: IssuerError, side: CopySide): string {
  // A ring has no ID there, a record has: those of the target are new, so that it is one of the source.
  const isRecord = details['id'] !== undefined
  const about = isRecord ? 'from' : side
  const store = about === 'from' ? 'the source' : 'the target'
  const flag = `--${about}-key-encryption-key-file`
  if (code === 'ERR_SEAL_KEY_UNKNOWN') return `${store}: ${message} (${flag}, once for each key) [${code}]`
  if (code !== 'ERR_SEAL_MISSING' || isRecord) return `${message} [${code}]`
  const wayOut =
    about === 'from'
      ? `leave ${flag} out if it never was sealed and you trust what is there`
      : `it may be from a copy without that key: give --to-unsealed in place of ${flag}, or empty the target`
  return `${store}: the stored key ring is not sealed, though ${flag} is given: ${wayOut} [${code}]`
}
