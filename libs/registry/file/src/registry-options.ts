import { join } from 'node:path'
import { IssuerError } from '@workload-identity/core'
import { parseCheckedText, readPrivateFile, type PrivateDirectory } from '@workload-identity/driver-file'

/** What a registry in a folder needs. */
export interface FileRegistryOptions {
  /** Opened by `openPrivateDirectory` of `@workload-identity/driver-file`. Other files in it are left alone. */
  readonly directory: PrivateDirectory
  /** The registry ID that the key ring records; asked at every operation. */
  readonly registryId: () => string
}

/** How the file with the registry's ID begins. */
export const identityFormat = { format: 'workload-identity-registry', version: 1 } as const

const MAX_ID_BYTES = 4096

/** The path of the file with the registry's ID. */
export function identityPath({ path }: PrivateDirectory): string {
  return join(path, 'registry-id')
}

/**
 * The registry's ID, or `undefined` when it has none.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_CORRUPT` when that cannot be told.
 */
export function readRegistryId(directory: PrivateDirectory): string | undefined {
  directory.check()
  const path = identityPath(directory)
  const content = readPrivateFile(path, MAX_ID_BYTES)
  return content === undefined ? undefined : parseCheckedText(content, identityFormat, path).text
}

/**
 * Makes sure that the folder holds the registry that the key ring records.
 *
 * @throws {IssuerError} `ERR_REGISTRY_LOST` otherwise; as {@link readRegistryId}.
 */
export function assertRegistry({ directory, registryId }: FileRegistryOptions): void {
  const stored = readRegistryId(directory)
  if (stored !== undefined && stored === registryId()) return
  const found = stored === undefined ? 'no registry, but not' : 'another registry than'
  throw new IssuerError(
    'ERR_REGISTRY_LOST',
    `${directory.path} holds ${found} the one the key ring records; restore the registry from a backup, or, when there is none, accept the loss: POST /v1/registry/accept-loss`,
    { details: { path: directory.path } },
  )
}
