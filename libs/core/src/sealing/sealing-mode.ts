import type { KeyEncryptionKey } from './key-encryption-key.ts'

/**
 * What becomes of what is not sealed: `strict` refuses it; `adopt` takes it over and seals it; `remove` takes it over,
 * and takes seals off whatever has one. In all of them a seal that is there must hold.
 */
export type SealingMode = 'strict' | 'adopt' | 'remove'

/** How a store is sealed. */
export interface Sealing {
  /** The first one seals, all of them open. None: nothing is sealed, and what is sealed is refused. */
  readonly keys: readonly KeyEncryptionKey[]
  readonly mode: SealingMode
}

/** The sealing of a store for which no key is known. */
export const NO_SEALING: Sealing = { keys: [], mode: 'remove' }

/** The key that seals from now on; `undefined` when nothing is to be sealed. */
export function sealingKey({ keys, mode }: Sealing): KeyEncryptionKey | undefined {
  return mode === 'remove' ? undefined : keys[0]
}
