import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { IssuerError, type RegistryIdentity } from '@workload-identity/core'
import {
  createFile,
  formatCheckedText,
  removeQuietly,
  syncDirectory,
  TOKEN_PATTERN,
  withFileErrors,
  type PrivateDirectory,
} from '@workload-identity/driver-file'
import { createRecordFiles } from './record-files.ts'
import { runnerKind, sandboxKind } from './record-kinds.ts'
import { identityFormat, identityPath, readRegistryId, type FileRegistryOptions } from './registry-options.ts'

const leftoverName = new RegExp(`^registry-id\\.${TOKEN_PATTERN}\\.tmp$`)

/** The identity of the registry in a folder. Does no I/O until it is used. */
export function createFileRegistryIdentity({
  directory,
}: Pick<FileRegistryOptions, 'directory'>): RegistryIdentity {
  const files = [createRecordFiles(directory, sandboxKind), createRecordFiles(directory, runnerKind)]
  return {
    async read() {
      return readRegistryId(directory)
    },
    async claim(candidate) {
      const stored = readRegistryId(directory)
      const path = identityPath(directory)
      const inForce = await withFileErrors('write', path, async () => {
        if (stored === undefined)
          await createFile(path, formatCheckedText({ ...identityFormat, facts: {}, text: candidate }))
        else await syncDirectory(directory.path)
        return readRegistryId(directory)
      })
      if (inForce === undefined) throw vanished(path)
      await removeLeftovers(directory)
      return inForce
    },
    async isEmpty() {
      for (const kind of files) {
        directory.check()
        for await (const _ of kind.scan()) return false
      }
      directory.check()
      return true
    },
  }
}

// What claims that were killed left behind. A claim that is still being made finds the ID in force instead.
async function removeLeftovers({ path }: PrivateDirectory): Promise<void> {
  const leftovers = readdirSync(path).filter((name) => leftoverName.test(name))
  for (const name of leftovers) await removeQuietly(join(path, name))
}

function vanished(path: string): IssuerError {
  const reason = 'it was removed while it was being written; see who else uses the folder'
  return new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use ${path}: ${reason}`, { details: { path } })
}
