import { toThrowWithCode } from '@workload-identity/contracts'
import { interceptFileSystem, systemError } from '@workload-identity/contracts/trials'
import { isIssuerError } from '@workload-identity/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { first, NOW, open, populated, sandbox, SECRET, sha256 } from './populated-registry.testing.ts'

expect.extend({ toThrowWithCode })

describe('createFileSandboxRegistry on a failing disk', () => {
  it.each(['ENOSPC', 'EROFS', 'EIO'])(
    'rejects a replacement with ERR_STORE_UNAVAILABLE when any step of it fails with %s, and holds the old or the new one',
    async (code) => {
      const next = sandbox('a/b', { secrets: [{ sha256: sha256('new') }], revision: 2 })
      for (let failing = 1; ; failing += 1) {
        const { folder } = await populated()
        const registry = open(folder)
        await registry.findById('a/b', NOW)
        let steps = 0
        const restore = await interceptFileSystem(() => {
          steps += 1
          if (steps === failing) throw systemError(code)
        })
        const outcome = await registry.replace(next, NOW).then(() => 'saved', codeOf)
        restore()
        expect(['saved', 'ERR_STORE_UNAVAILABLE']).toContain(outcome)
        // Through the same handle, which repairs nothing any more.
        const found = await registry.findById('a/b', NOW)
        expect(outcome === 'saved' ? [2] : [1, 2]).toContain(found?.revision)
        const isNew = found?.revision === 2
        expect(found).toStrictEqual(isNew ? next : first)
        expect(await registry.findBySecretHash(SECRET, NOW)).toStrictEqual(isNew ? undefined : first)
        expect(await registry.findBySecretHash(sha256('new'), NOW)).toStrictEqual(isNew ? next : undefined)
        expect(await open(folder).end('a/b', NOW)).toBe(true)
        if (steps < failing) break
      }
    },
  )

  it('still finds and lists when nothing can be changed any more', async () => {
    const { folder } = await populated()
    const restore = await interceptFileSystem(() => {
      throw systemError('EROFS')
    })
    onTestFinished(restore)
    const registry = open(folder)
    expect(await registry.findById('a/b', NOW)).toStrictEqual(first)
    expect(await registry.findBySecretHash(SECRET, NOW)).toStrictEqual(first)
    expect((await registry.list({ limit: 1 }, NOW)).items).toStrictEqual([first])
    await expect(registry.end('a/b', NOW)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })
})

function codeOf(error: unknown): string {
  return isIssuerError(error) ? error.code : String(error)
}
