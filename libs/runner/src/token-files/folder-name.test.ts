import { sandboxDirectoryName } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { folderNameOf } from './folder-name.ts'

describe('folderNameOf', () => {
  it.each(['a', 'sb/1', 'x'.repeat(255)])(
    'gives for %s what the environment of the sandbox says',
    async (id) => {
      expect(folderNameOf(id)).toBe(await sandboxDirectoryName(id))
      expect(folderNameOf(id)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    },
  )
})
