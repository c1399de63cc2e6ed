import type { KeyRing } from '@workload-identity/core'

/** Says in place of a ring whose copy a store is to become. */
export type CopyMark = Pick<KeyRing, 'ring_id' | 'registry_id'>

/** The mark as a document of a key store. `decodeKeyRing` refuses it with `ERR_STORE_INCOMPLETE`. */
export function formatCopyMark({ ring_id, registry_id }: CopyMark): string {
  return `${JSON.stringify({ unfinished_copy_of: { ring_id, registry_id } })}\n`
}

/** The mark of an unsealed document; `undefined` when it is something else. */
export function readCopyMark(document: string): CopyMark | undefined {
  let value: unknown
  try {
    value = JSON.parse(document)
  } catch {
    return undefined
  }
  const mark: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'unfinished_copy_of') : undefined
  if (typeof mark !== 'object' || mark === null) return undefined
  const ringId: unknown = Reflect.get(mark, 'ring_id')
  const registryId: unknown = Reflect.get(mark, 'registry_id')
  if (typeof ringId !== 'string' || typeof registryId !== 'string') return undefined
  return { ring_id: ringId, registry_id: registryId }
}
