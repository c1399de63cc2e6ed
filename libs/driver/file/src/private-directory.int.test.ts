import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { umask } from 'node:process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { assertPrivateStats, openPrivateDirectory } from './private-directory.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-driver-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

const unavailable = (text: string) =>
  expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining(text) })

describe('openPrivateDirectory', () => {
  it('creates the folder and those above it for their owner only, whatever the umask', () => {
    const folder = temporaryFolder()
    const before = umask(0)
    onTestFinished(() => void umask(before))
    expect(openPrivateDirectory({ path: join(folder, 'a/b') }).path).toBe(join(folder, 'a/b'))
    expect([modeOf(join(folder, 'a')), modeOf(join(folder, 'a/b'))]).toStrictEqual(['700', '700'])
  })

  it('opens a private folder that exists as it is', () => {
    const path = temporaryFolder()
    writeFileSync(join(path, 'file'), '')
    openPrivateDirectory({ path }).check()
    expect(modeOf(path)).toBe('700')
  })

  it.each(['750', '720', '710', '704', '702', '701'])(
    'refuses a folder of mode %s and tells the remedy',
    (mode) => {
      const path = temporaryFolder()
      chmodSync(path, Number.parseInt(mode, 8))
      expect(() => openPrivateDirectory({ path })).toThrow(unavailable(`chmod 700 ${path}`))
    },
  )

  it('refuses a symbolic link, to a folder or to nothing', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'real'), { mode: 0o700 })
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    symlinkSync(join(folder, 'nothing'), join(folder, 'broken'))
    for (const name of ['link', 'broken']) {
      expect(() => openPrivateDirectory({ path: join(folder, name) })).toThrow(unavailable('symbolic link'))
    }
  })

  it('refuses a file, and a folder below a file', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, '')
    expect(() => openPrivateDirectory({ path })).toThrow(unavailable('not a folder'))
    expect(() => openPrivateDirectory({ path: join(path, 'below') })).toThrow(unavailable('not a folder'))
  })

  it('notices at the next check that the folder is gone, was replaced or was opened to others', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a')
    const directory = openPrivateDirectory({ path })
    chmodSync(path, 0o755)
    expect(() => directory.check()).toThrow(unavailable('chmod 700'))
    chmodSync(path, 0o700)
    directory.check()
    renameSync(path, join(folder, 'b'))
    expect(() => directory.check()).toThrow(unavailable('does not exist'))
    mkdirSync(path, { mode: 0o700 })
    expect(() => directory.check()).toThrow(unavailable('replaced'))
  })
})

describe('assertPrivateStats', () => {
  it('accepts what belongs to this user or root', () => {
    const mine = BigInt(process.geteuid?.() ?? 0)
    for (const uid of [mine, 0n]) assertPrivateStats('/a', { uid, mode: 0o40700n }, 'chmod 700')
  })

  it('refuses what belongs to somebody else', () => {
    expect(() => assertPrivateStats('/a', { uid: 54_321n, mode: 0o40700n }, 'chmod 700')).toThrow(
      unavailable('it belongs to user 54321'),
    )
  })
})
