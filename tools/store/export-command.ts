import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromMilliseconds, isIssuerError } from '@workload-identity/core'
import { buildPublicExport, loadRing, openStores } from '@workload-identity/store-admin'
import { StoreCommandError } from './command-error.ts'
import type { NamedStore } from './store-options.ts'

/**
 * Writes `jwks.json` and `history.json` into a folder.
 *
 * @throws {StoreCommandError} with the reason when it cannot be done.
 */
export async function runExport({ name, open, sealing }: NamedStore, folder: string): Promise<void> {
  try {
    const stores = await openStores({ ...open, readOnly: true })
    try {
      const ring = await loadRing({ stores, ...(sealing !== undefined && { sealing }) })
      if (ring === undefined) throw new StoreCommandError(`${name} holds no key ring`, 1)
      const { jwks, history } = buildPublicExport(ring, fromMilliseconds(Date.now()))
      mkdirSync(folder, { recursive: true })
      for (const [file, value] of [
        ['jwks.json', jwks],
        ['history.json', history],
      ] as const) {
        writeFileSync(join(folder, file), `${JSON.stringify(value, undefined, 1)}\n`)
        console.log(join(folder, file))
      }
    } finally {
      await stores.close()
    }
  } catch (error) {
    if (isIssuerError(error)) throw new StoreCommandError(`${error.message} [${error.code}]`, 1)
    throw error
  }
}
