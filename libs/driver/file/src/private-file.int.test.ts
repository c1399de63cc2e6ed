import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { umask } from 'node:process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFile } from './create-file.ts'
import { readPrivateFile, writeNewFile } from './private-file.ts'

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-driver-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'file')
}

const refusal = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) })

describe('readPrivateFile', () => {
  it('gives undefined for a file that does not exist', () => {
    expect(readPrivateFile(temporaryPath(), 10)).toBeUndefined()
  })

  it('gives the content of a file of just the greatest size, and refuses one byte more', () => {
    const path = temporaryPath()
    writeFileSync(path, '0123456789', { mode: 0o600 })
    expect(readPrivateFile(path, 10)?.toString()).toBe('0123456789')
    expect(() => readPrivateFile(path, 9)).toThrow(refusal('ERR_STORE_CORRUPT', path))
  })

  it.each(['640', '620', '610', '604', '602'])('refuses a file of mode %s and tells the remedy', (mode) => {
    const path = temporaryPath()
    writeFileSync(path, '')
    chmodSync(path, Number.parseInt(mode, 8))
    expect(() => readPrivateFile(path, 10)).toThrow(refusal('ERR_STORE_UNAVAILABLE', `chmod 600 ${path}`))
  })

  it('refuses a symbolic link, to a file or to nothing', () => {
    const path = temporaryPath()
    writeFileSync(`${path}-real`, '', { mode: 0o600 })
    symlinkSync(`${path}-real`, path)
    symlinkSync(`${path}-nothing`, `${path}-broken`)
    for (const link of [path, `${path}-broken`]) {
      expect(() => readPrivateFile(link, 10)).toThrow(refusal('ERR_STORE_UNAVAILABLE', 'symbolic link'))
    }
  })

  it('refuses a folder and a named pipe without waiting for its other end', () => {
    const path = temporaryPath()
    mkdirSync(path, { mode: 0o700 })
    expect(spawnSync('mkfifo', ['-m', '600', `${path}-pipe`]).status).toBe(0)
    for (const other of [path, `${path}-pipe`]) {
      expect(() => readPrivateFile(other, 10)).toThrow(refusal('ERR_STORE_UNAVAILABLE', 'not a regular file'))
    }
  })
})

describe('writeNewFile', () => {
  it('writes a file for its owner only, whatever the umask', async () => {
    const path = temporaryPath()
    const before = umask(0)
    onTestFinished(() => void umask(before))
    await writeNewFile(path, 'ä')
    expect(readFileSync(path, 'utf8')).toBe('ä')
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
  })

  it('refuses to write over anything, also through a link', async () => {
    const path = temporaryPath()
    symlinkSync(`${path}-elsewhere`, path)
    await expect(writeNewFile(path, 'x')).rejects.toMatchObject({ code: 'EEXIST' })
  })
})

describe('createFile', () => {
  it('creates the file once and says so', async () => {
    const path = temporaryPath()
    expect(await createFile(path, 'first')).toBe(true)
    expect(await createFile(path, 'second')).toBe(false)
    expect(readFileSync(path, 'utf8')).toBe('first')
  })

  it('lets one of 20 at once create it', async () => {
    const path = temporaryPath()
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, index) => createFile(path, `by ${index}`)),
    )
    expect(created.filter(Boolean)).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).toBe(`by ${created.indexOf(true)}`)
  })
})
