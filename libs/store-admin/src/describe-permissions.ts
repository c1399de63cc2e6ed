import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { StoreAddress } from './store-location.ts'

/** Who may use a store on disk, in words; the drivers have refused everything that is not private. */
export function describePermissions(store: Exclude<StoreAddress, { readonly engine: 'redis' }>): string {
  if (store.engine === 'file')
    return `only user ${ownerOf(store.directory)} may use ${describePath(store.directory)}`
  const folder = dirname(resolve(store.path))
  return `only user ${ownerOf(store.path)} may use ${describePath(store.path)}, in the folder ${describePath(folder)} of user ${ownerOf(folder)}`
}

function describePath(path: string): string {
  return `${resolve(path)} (mode ${(statSync(path).mode & 0o7777).toString(8).padStart(4, '0')})`
}

function ownerOf(path: string): number {
  return statSync(path).uid
}
