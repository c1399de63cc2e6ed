import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { StoreAddress } from './store-location.ts'

/** Who may use a store on disk, in words; the drivers have refused everything that is not private. */
export function describePermissions(store: Exclude<StoreAddress, { readonly engine: 'redis' }>): string {
  if (store.engine === 'file') return `${describePath(store.directory)}; only its owner may use it`
  return `${describePath(store.path)} in ${describePath(dirname(resolve(store.path)))}; only its owner may use the file`
}

function describePath(path: string): string {
  const { mode, uid } = statSync(path)
  return `${resolve(path)} has mode ${(mode & 0o7777).toString(8).padStart(4, '0')} and belongs to user ${uid}`
}
