import { notTheApi } from './unavailable.ts'

/**
 * The entries of a batch, when they are of those that were asked, in that order.
 *
 * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` otherwise: a token would go to somebody else's sandbox.
 */
export function assertSameEntries<T extends { readonly sandbox_id: string }>(
  operation: string,
  asked: readonly { readonly sandbox_id: string }[],
  entries: readonly T[],
): readonly T[] {
  const isSame =
    entries.length === asked.length &&
    asked.every(({ sandbox_id }, index) => entries[index]?.sandbox_id === sandbox_id)
  if (isSame) return entries
  throw notTheApi('the entries of its answer are not those that were asked', { operation })
}
