import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStores } from './open-stores.ts'
import type { StoreAddress } from './store-location.ts'

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wid-stores-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const addressIn = {
  file: (folder: string): StoreAddress => ({ engine: 'file', directory: join(folder, 'store') }),
  sqlite: (folder: string): StoreAddress => ({ engine: 'sqlite', path: join(folder, 'store') }),
}

describe('openStores', () => {
  it.each(['file', 'sqlite'] as const)(
    'makes a store in %s that is missing, and it is empty',
    async (engine) => {
      const stores = await openStores({ store: addressIn[engine](await createFolder()) })
      onTestFinished(() => stores.close())
      expect(await stores.keyStore.load()).toBeUndefined()
      expect(await stores.registryIdentity.isEmpty()).toBe(true)
      expect(stores.isShared).toBe(false)
    },
  )

  it.each(['file', 'sqlite'] as const)(
    'refuses a store in %s that is missing with ERR_STORE_EMPTY when it may only read, and makes nothing',
    async (engine) => {
      const folder = await createFolder()
      await expect(openStores({ store: addressIn[engine](folder), readOnly: true })).rejects.toMatchObject({
        code: 'ERR_STORE_EMPTY',
      })
      expect(await readdir(folder)).toEqual([])
    },
  )
})
