import fs, { existsSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { assertLocalFileSystem } from './file-system.ts'
import { openPrivateDirectory } from './private-directory.ts'

/** Mounting a network file system takes a server and root, so only what the system says of it is replaced. */
function pretendType(type: number): void {
  const { statfsSync } = fs
  Object.assign(fs, { statfsSync: (path: string) => ({ ...statfsSync(path), type }) })
  syncBuiltinESMExports()
  onTestFinished(() => {
    Object.assign(fs, { statfsSync })
    syncBuiltinESMExports()
  })
}

describe('assertLocalFileSystem', () => {
  it('takes a folder on a local disk, and what is yet to be created there', () => {
    const missing = join(tmpdir(), 'wid-missing/below')
    assertLocalFileSystem(tmpdir())
    assertLocalFileSystem(missing)
    expect(existsSync(missing)).toBe(false)
  })

  it('refuses a network file system with the reason and the way out, before anything is created there', () => {
    pretendType(0x6969)
    const path = join(tmpdir(), 'wid-missing')
    const refusal = expect.objectContaining({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringMatching(
        /network file system \(NFS\), .*use a local disk, or allow it explicitly$/,
      ),
    })
    expect(() => assertLocalFileSystem(path)).toThrow(refusal)
    expect(() => openPrivateDirectory({ path })).toThrow(refusal)
    expect(existsSync(path)).toBe(false)
    assertLocalFileSystem(path, { allowNetworkFileSystem: true })
  })

  it.each(['/proc', '/proc/nothing/store', '/sys/store'])(
    'refuses %s at once, whatever is allowed: nothing is kept there',
    (path) => {
      const refusal = expect.objectContaining({
        code: 'ERR_STORE_UNAVAILABLE',
        message: expect.stringMatching(/it is on (?:proc|sysfs), .*choose a folder on a disk$/),
      })
      expect(() => assertLocalFileSystem(path)).toThrow(refusal)
      expect(() => openPrivateDirectory({ path, allowNetworkFileSystem: true })).toThrow(refusal)
    },
  )

  it('rejects what cannot be asked about with ERR_STORE_UNAVAILABLE', () => {
    const tooLong = join(tmpdir(), 'x'.repeat(300))
    expect(() => assertLocalFileSystem(tooLong)).toThrow(
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining(tooLong) }),
    )
    assertLocalFileSystem(tooLong, { allowNetworkFileSystem: true })
  })
})
