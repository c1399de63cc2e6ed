import {
  findUnknownKeys,
  type Adoption,
  type AdoptMode,
  type KeyRing,
  type SigningAlgorithm,
} from '@workload-identity/core'
import { ConfigurationError } from '@workload-identity/service'
import type { KeysFolder } from './adopt-keys-folder.ts'

/** What is taken over from the folder into an empty store; `undefined` without a primary key. */
export function toAdoption({ primary, verifyOnly }: KeysFolder, mode: AdoptMode): Adoption | undefined {
  if (primary === undefined) return undefined
  return { keys: { primary: primary.key, verifyOnly: verifyOnly.map(({ key }) => key) }, mode }
}

/** A key in the folder, without its halves. */
export interface AdoptedKey {
  readonly path: string
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** Whether others than its owner can read the file, so that the key may be known to them. */
  readonly isExposed: boolean
}

/** The keys of a folder as they may be logged. */
export function summarizeKeys({ primary, verifyOnly }: KeysFolder): readonly AdoptedKey[] {
  const files = primary === undefined ? verifyOnly : [primary, ...verifyOnly]
  return files.map(({ path, key: { kid, alg }, isExposed }) => ({ path, kid, alg, isExposed }))
}

/**
 * Makes sure that a ring knows every key of the folder: made of them just now, by another replica, or long ago. What it
 * has removed or revoked since counts as known.
 *
 * @throws {ConfigurationError} naming the keys it lacks, and their files.
 */
export function assertAdopted(ring: KeyRing, folder: KeysFolder): void {
  const unknown = findUnknownKeys(ring, summarizeKeys(folder))
  if (unknown.length === 0) return
  const names = unknown.map(({ path, kid }) => `${kid} (${path})`).join(', ')
  throw new ConfigurationError(
    `the store holds a key ring that lacks keys of ${folder.path}: ${names}; keys are adopted into an empty store only: correct --store or --adopt-keys`,
  )
}

/** The refusal to make a ring when the folder holds no key to sign with. */
export function nothingToAdopt({ path }: KeysFolder): ConfigurationError {
  return new ConfigurationError(
    `the store is empty, and there is no workload-identity.key in ${path} to adopt: correct --adopt-keys, or restore the store if keys were adopted before`,
  )
}
