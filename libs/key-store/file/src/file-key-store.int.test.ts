import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { keyStoreContract } from '@workload-identity/contracts'
import { interceptFileSystem, systemError } from '@workload-identity/contracts/trials'
import { isIssuerError, type KeyStore } from '@workload-identity/core'
import { createProcessToken, openPrivateDirectory } from '@workload-identity/driver-file'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFileKeyStore } from './index.ts'

keyStoreContract('createFileKeyStore', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wid-key-store-'))
  const path = join(folder, 'keys')
  return {
    open: async () => createFileKeyStore({ directory: openPrivateDirectory({ path }) }),
    readRaw: async () => Buffer.concat(readdirSync(path).map((name) => readFileSync(join(path, name)))),
    makeUnavailable: async () => renameSync(path, join(folder, 'elsewhere')),
    destroy: async () => rmSync(folder, { recursive: true }),
  }
})

const ring = (generation: number) => ({
  generation,
  write_id: `write-${generation}`,
  document: `{"generation":${generation}}`,
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-key-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function open(path: string): KeyStore {
  return createFileKeyStore({ directory: openPrivateDirectory({ path }) })
}

async function savedRing(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = temporaryFolder()
  await open(folder).save(ring(1), undefined)
  return { folder, path: join(folder, 'ring.1') }
}

const unavailable = (text: string) =>
  expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining(text) })

describe('createFileKeyStore', () => {
  it('keeps one private file: a line with the version and a checksum, then the document', async () => {
    const { folder, path } = await savedRing()
    await open(folder).save(ring(5), ring(1))
    expect(readdirSync(folder)).toStrictEqual(['ring.2'])
    const [line = '', ...rest] = readFileSync(join(folder, 'ring.2'), 'utf8').split('\n')
    expect(JSON.parse(line)).toMatchObject({ number: 2, generation: 5, write_id: 'write-5' })
    expect(rest).toStrictEqual(['{"generation":5}', ''])
    expect((statSync(join(folder, 'ring.2')).mode & 0o777).toString(8)).toBe('600')
    expect(existsSync(path)).toBe(false)
  })

  it('refuses a ring of which any single bit changed, and never reads it as empty', async () => {
    const { folder, path } = await savedRing()
    const content = readFileSync(path)
    const store = open(folder)
    for (let bit = 0; bit < content.length * 8; bit += 1) {
      const changed = Buffer.from(content)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(path, changed)
      await expect(store.load(), `bit ${bit}`).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    }
  })

  it('refuses a ring that is cut off anywhere, and never reads it as empty', async () => {
    const { folder, path } = await savedRing()
    const content = readFileSync(path)
    for (let length = 0; length < content.length; length += 1) {
      writeFileSync(path, content.subarray(0, length))
      await expect(open(folder).load(), `${length} bytes`).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    }
  })

  it('does not fall back to an older ring when the highest is damaged, and does not save over it', async () => {
    const { folder } = await savedRing()
    writeFileSync(join(folder, 'ring.2'), 'garbage', { mode: 0o600 })
    await expect(open(folder).load()).rejects.toThrow(/ring\.2: .*restore it from a backup$/)
    await expect(open(folder).save(ring(2), ring(1))).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(open(folder).save(ring(2), undefined)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('refuses a ring under another number and tells its name', async () => {
    const { folder, path } = await savedRing()
    renameSync(path, join(folder, 'ring.7'))
    await expect(open(folder).load()).rejects.toThrow(/was written as ring\.1;/)
  })

  it.each(['ring.bak', 'ring.1.orig', 'RING.1', 'ring.01', 'ring.0', 'ring.1e3'])(
    'does not take a folder for empty whose only ring is called %s',
    async (name) => {
      const { folder, path } = await savedRing()
      renameSync(path, join(folder, name))
      await expect(open(folder).load()).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
      await expect(open(folder).save(ring(1), undefined)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    },
  )

  it('leaves other files alone, also such as look like older rings', async () => {
    const { folder, path } = await savedRing()
    copyFileSync(path, join(folder, 'ring.1.orig'))
    writeFileSync(join(folder, 'README'), '')
    await open(folder).save(ring(2), ring(1))
    expect(readdirSync(folder).sort()).toStrictEqual(['README', 'ring.1.orig', 'ring.2'])
  })

  it('refuses a ring that others may read or write, and a link', async () => {
    const { folder, path } = await savedRing()
    chmodSync(path, 0o640)
    await expect(open(folder).load()).rejects.toThrow(unavailable(`chmod 600 ${path}`))
    chmodSync(path, 0o600)
    renameSync(path, join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), path)
    await expect(open(folder).load()).rejects.toThrow(unavailable('symbolic link'))
  })

  it('removes older rings and what dead savers left, when it loads and when it saves', async () => {
    const { folder, path } = await savedRing()
    const [pid, started, ...rest] = createProcessToken().split('-')
    const dead = [pid, Number(started) - 1, ...rest].join('-')
    const leave = () => {
      for (const name of [`ring.1.${dead}.tmp`, `ring.99.${dead}.tmp`])
        writeFileSync(join(folder, name), 'half')
    }
    const older = readFileSync(path)
    await open(folder).save(ring(2), ring(1))
    leave()
    writeFileSync(path, older, { mode: 0o600 })
    expect(await open(folder).load()).toStrictEqual(ring(2))
    expect(readdirSync(folder)).toStrictEqual(['ring.2'])
    leave()
    await open(folder).save(ring(3), ring(2))
    expect(readdirSync(folder)).toStrictEqual(['ring.3'])
  })

  it('removes what a living saver prepared for a number that is taken', async () => {
    const { folder } = await savedRing()
    writeFileSync(join(folder, `ring.1.${createProcessToken()}.tmp`), 'half')
    await open(folder).load()
    expect(readdirSync(folder)).toStrictEqual(['ring.1'])
  })

  it('keeps what a living saver prepared for the next ring', async () => {
    const { folder } = await savedRing()
    const name = `ring.2.${createProcessToken()}.tmp`
    writeFileSync(join(folder, name), 'half')
    await open(folder).load()
    expect(readdirSync(folder).sort()).toStrictEqual(['ring.1', name])
  })

  it('takes a folder with nothing but what a dead first saver left for empty', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, `ring.1.${createProcessToken()}.tmp`), 'half')
    expect(await open(folder).load()).toBeUndefined()
    await open(folder).save(ring(1), undefined)
    expect(await open(folder).load()).toStrictEqual(ring(1))
  })

  it.each(['ENOSPC', 'EROFS', 'EACCES', 'EIO', 'EDQUOT'])(
    'rejects a save with ERR_STORE_UNAVAILABLE when any step of it fails with %s, and holds the old or the new ring',
    async (code) => {
      for (let failing = 1; ; failing += 1) {
        const { folder } = await savedRing()
        const store = open(folder)
        let steps = 0
        const restore = await interceptFileSystem(() => {
          steps += 1
          if (steps === failing) throw systemError(code)
        })
        const outcome = await store.save(ring(2), ring(1)).then(() => 'saved', codeOf)
        restore()
        const found = await open(folder).load()
        expect(outcome === 'saved' ? [2] : [1, 2]).toContain(found?.generation)
        expect(found).toStrictEqual(ring(found?.generation ?? 0))
        await open(folder).save(ring(3), found)
        expect(readdirSync(folder)).toStrictEqual([expect.stringMatching(/^ring\.[23]$/)])
        if (steps < failing) break
        expect(['saved', 'ERR_STORE_UNAVAILABLE']).toContain(outcome)
      }
    },
  )

  it('rejects a save with ERR_STORE_UNAVAILABLE when the system stops it in the middle of a file', async () => {
    const { folder } = await savedRing()
    const program = fileURLToPath(new URL('./save-large.testing.ts', import.meta.url))
    const node = `"${execPath}" --conditions=@workload-identity/source --experimental-strip-types`
    const saver = spawnSync('sh', ['-c', `ulimit -f 8; ${node} "${program}" "${folder}"`], {
      encoding: 'utf8',
    })
    expect(saver.stdout).toBe('ERR_STORE_UNAVAILABLE EFBIG\n')
    expect(await open(folder).load()).toStrictEqual(ring(1))
    expect(readdirSync(folder)).toStrictEqual(['ring.1'])
  })

  it('still loads when nothing can be changed any more', async () => {
    const { folder, path } = await savedRing()
    const older = readFileSync(path)
    await open(folder).save(ring(2), ring(1))
    writeFileSync(path, older, { mode: 0o600 })
    const restore = await interceptFileSystem(({ call }) => {
      if (call !== 'sync') throw systemError('EROFS')
    })
    onTestFinished(restore)
    expect(await open(folder).load()).toStrictEqual(ring(2))
  })

  it.each([
    [{ ...ring(1), generation: 0 }, undefined],
    [{ ...ring(1), generation: 1.5 }, undefined],
    [ring(1), ring(1)],
  ])('rejects a generation that does not follow as a mistake of the program (%#)', async (next, expected) => {
    await expect(open(temporaryFolder()).save(next, expected)).rejects.toThrow(RangeError)
  })
})

function codeOf(error: unknown): string {
  return isIssuerError(error) ? error.code : String(error)
}
