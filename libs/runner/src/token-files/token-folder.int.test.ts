import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getegid, geteuid, getgroups, umask } from 'node:process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTokenFolder } from './token-folder.ts'

const FOLDER = 'q'.repeat(43)
const refused = { code: 'ERR_STORE_UNAVAILABLE' }
const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8)

let base = ''
let root = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'token-folder-'))
  root = join(base, 'tokens')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

describe('createTokenFolder', () => {
  const openFolder = async (options: { writeInPlace?: boolean } = {}) => {
    const folder = createTokenFolder({ path: root, ...options })
    await folder.open()
    return folder
  }

  it('writes a file of mode 0640 in a folder of mode 0750, whatever the umask, and leaves nothing else', async () => {
    const folder = await openFolder()
    await folder.write(FOLDER, 'token', 'one')
    expect(modeOf(root)).toBe('711')
    expect(modeOf(join(root, FOLDER))).toBe('750')
    expect(modeOf(folder.pathOf(FOLDER, 'token'))).toBe('640')
    expect(readFileSync(join(root, FOLDER, 'token'), 'utf8')).toBe('one')
    expect(readdirSync(root)).toStrictEqual([FOLDER])
    expect(readdirSync(join(root, FOLDER))).toStrictEqual(['token'])
  })

  it('replaces a file by another one, so that whoever has it open reads on in the old one', async () => {
    const folder = await openFolder()
    await folder.write(FOLDER, 'token', 'one')
    const before = statSync(folder.pathOf(FOLDER, 'token')).ino
    linkSync(folder.pathOf(FOLDER, 'token'), join(base, 'held'))
    await folder.write(FOLDER, 'token', 'two')
    expect(statSync(folder.pathOf(FOLDER, 'token')).ino).not.toBe(before)
    expect(readFileSync(join(base, 'held'), 'utf8')).toBe('one')
  })

  it.each(['longer than before', 'less', 'just same'])(
    'changes a file in place when told to: %s',
    async (text) => {
      const folder = await openFolder({ writeInPlace: true })
      await folder.write(FOLDER, 'token', 'as before')
      const path = folder.pathOf(FOLDER, 'token')
      const before = statSync(path).ino
      chmodSync(path, 0o600)
      await folder.write(FOLDER, 'token', text)
      expect(statSync(path).ino).toBe(before)
      expect(readFileSync(path, 'utf8')).toBe(text)
      expect(modeOf(path)).toBe('640')
    },
  )

  it('repairs the mode of its own folders, and makes them again when they are gone', async () => {
    const folder = await openFolder()
    await folder.write(FOLDER, 'token', 'one')
    chmodSync(join(root, FOLDER), 0o777)
    await folder.write(FOLDER, 'token', 'two')
    expect(modeOf(join(root, FOLDER))).toBe('750')
    rmSync(join(root, FOLDER), { recursive: true })
    await folder.write(FOLDER, 'token', 'three')
    expect(readFileSync(folder.pathOf(FOLDER, 'token'), 'utf8')).toBe('three')
  })

  it('gives files and folders to a group when told to', async () => {
    // Root may give to anybody; everybody else to the groups he is in.
    const gid = geteuid!() === 0 ? 12_345 : (getgroups!()[0] ?? getegid!())
    const folder = createTokenFolder({ path: root, owner: { gid } })
    await folder.open()
    for (const text of ['one', 'two']) await folder.write(FOLDER, 'token', text)
    expect(lstatSync(join(root, FOLDER)).gid).toBe(gid)
    expect(lstatSync(folder.pathOf(FOLDER, 'token')).gid).toBe(gid)
    expect(modeOf(join(root, FOLDER))).toBe('750')
  })

  it('gives files and folders to a user as root, takes them back to remove them, and tells at once who may not', async () => {
    const uid = 12_346
    const folder = createTokenFolder({ path: root, owner: { uid } })
    if (geteuid!() !== 0) {
      await expect(folder.open()).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining('this user may not do that'),
      })
      expect(readdirSync(root)).toStrictEqual([])
      return
    }
    await folder.open()
    for (const text of ['one', 'two']) await folder.write(FOLDER, 'token', text)
    expect(lstatSync(join(root, FOLDER)).uid).toBe(uid)
    expect(lstatSync(folder.pathOf(FOLDER, 'token')).uid).toBe(uid)
    expect(await folder.look(FOLDER)).toStrictEqual([{ name: 'token', text: 'two' }])
    await folder.remove(FOLDER)
    expect(readdirSync(root)).toStrictEqual([])
  })

  it('gives what is in a folder: plain files with names that tokens may have, and not what links lead to', async () => {
    const folder = await openFolder()
    await folder.write(FOLDER, 'b', 'two')
    await folder.write(FOLDER, 'a', 'one')
    writeFileSync(join(base, 'secret'), 'secret')
    symlinkSync(join(base, 'secret'), folder.pathOf(FOLDER, 'link'))
    mkdirSync(folder.pathOf(FOLDER, 'folder'))
    writeFileSync(folder.pathOf(FOLDER, '.hidden'), 'x')
    writeFileSync(folder.pathOf(FOLDER, 'long'), 'x'.repeat(65_537))
    const found = [...(await folder.look(FOLDER))].sort((one, other) => (one.name < other.name ? -1 : 1))
    expect(found).toStrictEqual([
      { name: 'a', text: 'one' },
      { name: 'b', text: 'two' },
    ])
    expect(await folder.look('z'.repeat(43))).toStrictEqual([])
  })

  it('removes one file, and a folder with everything in it but what links lead to', async () => {
    const folder = await openFolder()
    writeFileSync(join(base, 'kept'), 'kept')
    for (const name of ['a', 'b']) await folder.write(FOLDER, name, name)
    await folder.removeFile(FOLDER, 'a')
    await folder.removeFile(FOLDER, 'never-there')
    expect(readdirSync(join(root, FOLDER))).toStrictEqual(['b'])
    symlinkSync(join(base, 'kept'), folder.pathOf(FOLDER, 'link'))
    symlinkSync(base, folder.pathOf(FOLDER, 'folder-link'))
    mkdirSync(folder.pathOf(FOLDER, 'empty'))
    await folder.remove(FOLDER)
    await folder.remove(FOLDER)
    await folder.removeFile(FOLDER, 'a')
    expect(readdirSync(root)).toStrictEqual([])
    expect(readFileSync(join(base, 'kept'), 'utf8')).toBe('kept')
  })

  it('goes into no folder that somebody made in one of its own, and lets nobody else into it any more', async () => {
    const folder = await openFolder()
    await folder.write(FOLDER, 'token', 'one')
    mkdirSync(folder.pathOf(FOLDER, 'inner'))
    writeFileSync(join(root, FOLDER, 'inner', 'file'), 'x')
    const later = ['a', 'tokens', 'z']
    for (const name of later) await folder.write(FOLDER, name, 'one')
    await expect(folder.remove(FOLDER)).rejects.toMatchObject(refused)
    expect(readdirSync(join(root, FOLDER))).toStrictEqual(['inner'])
    expect(existsSync(join(root, FOLDER, 'inner', 'file'))).toBe(true)
    expect(modeOf(join(root, FOLDER))).toBe('700')
  })

  it.each([false, true])(
    'replaces a link or a further name in place of a file instead of writing through it (in place: %s)',
    async (writeInPlace) => {
      const folder = await openFolder({ writeInPlace })
      await folder.write(FOLDER, 'token', 'one')
      const path = folder.pathOf(FOLDER, 'token')
      const victim = join(base, 'victim')
      for (const plant of [symlinkSync, linkSync]) {
        writeFileSync(victim, 'victim', { mode: 0o600 })
        rmSync(path)
        plant(victim, path)
        await folder.write(FOLDER, 'token', 'two')
        expect(readFileSync(victim, 'utf8')).toBe('victim')
        expect(modeOf(victim)).toBe('600')
        expect(lstatSync(path).isFile()).toBe(true)
        expect(readFileSync(path, 'utf8')).toBe('two')
      }
    },
  )

  it('gives a sandbox no file of somebody else that it moved into its own folder, and replaces that (as root)', async () => {
    if (geteuid!() !== 0) return
    const folder = createTokenFolder({ path: root, owner: { uid: 12_346 }, writeInPlace: true })
    await folder.open()
    await folder.write(FOLDER, 'other', 'one')
    const path = folder.pathOf(FOLDER, 'token')
    writeFileSync(path, 'secret of root', { mode: 0o600 })
    const moved = openSync(path, 'r')
    await folder.write(FOLDER, 'token', 'two')
    expect(fstatSync(moved)).toMatchObject({ uid: 0, size: 14 })
    closeSync(moved)
    expect(lstatSync(path).uid).toBe(12_346)
    expect(readFileSync(path, 'utf8')).toBe('two')
    const { ino } = lstatSync(path)
    await folder.write(FOLDER, 'token', 'three')
    expect(lstatSync(path).ino).toBe(ino)
  })

  it.each([false, true])(
    'keeps a file whole when there is no room for another token (in place: %s)',
    async (writeInPlace) => {
      const program = `
      const { createTokenFolder } = await import(${JSON.stringify(new URL('token-folder.ts', import.meta.url).href)})
      const folder = createTokenFolder({ path: ${JSON.stringify(root)}, writeInPlace: ${writeInPlace} })
      await folder.open()
      await folder.write('${FOLDER}', 'token', 'o'.repeat(4000))
      const code = await folder.write('${FOLDER}', 'token', 'n'.repeat(6000)).catch((error) => error.code)
      process.stdout.write(String(code))`
      const node = `"$0" --conditions=@workload-identity/source --input-type=module --eval "$1"`
      // A limit for files of 8 blocks of 512 bytes ends a write as a full disk does: after a part of it.
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        `ulimit -f 8; exec ${node}`,
        process.execPath,
        program,
      ])
      expect(stdout).toBe('ERR_STORE_UNAVAILABLE')
      expect(readFileSync(join(root, FOLDER, 'token'), 'utf8')).toBe('o'.repeat(4000))
      expect(readdirSync(join(root, FOLDER))).toStrictEqual(['token'])
    },
  )

  it('reads no more of a folder than tokens need, whatever somebody put there', async () => {
    const folder = await openFolder()
    await folder.write(FOLDER, 'token', 'one')
    for (let at = 0; at < 1100; at += 1) writeFileSync(folder.pathOf(FOLDER, `x${at}`), 'x')
    expect(await folder.look(FOLDER)).toHaveLength(64)
    await folder.remove(FOLDER)
    expect(readdirSync(root)).toStrictEqual([])
  })

  it('uses no link in place of the folder of a sandbox, neither to write nor to read nor to remove', async () => {
    const folder = await openFolder()
    const elsewhere = join(base, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'token'), 'theirs')
    symlinkSync(elsewhere, join(root, FOLDER))
    const refusal = { ...refused, message: expect.stringContaining('it is a symbolic link') }
    await expect(folder.write(FOLDER, 'token', 'one')).rejects.toMatchObject(refusal)
    await expect(folder.look(FOLDER)).rejects.toMatchObject(refusal)
    await expect(folder.removeFile(FOLDER, 'token')).rejects.toMatchObject(refusal)
    await expect(folder.remove(FOLDER)).rejects.toMatchObject(refusal)
    expect(readFileSync(join(elsewhere, 'token'), 'utf8')).toBe('theirs')
    expect(readlinkSync(join(root, FOLDER))).toBe(elsewhere)
  })

  it('uses no file in place of a folder, and fails when a folder is in place of a file', async () => {
    const folder = await openFolder()
    writeFileSync(join(root, FOLDER), 'x')
    await expect(folder.write(FOLDER, 'token', 'one')).rejects.toMatchObject(refused)
    rmSync(join(root, FOLDER))
    await folder.write(FOLDER, 'other', 'one')
    mkdirSync(folder.pathOf(FOLDER, 'token'))
    await expect(folder.write(FOLDER, 'token', 'one')).rejects.toMatchObject(refused)
    expect(readdirSync(join(root, FOLDER)).sort()).toStrictEqual(['other', 'token'])
  })

  it('uses no folder of another user', async () => {
    // Whoever is not root cannot make one, but finds one: that of root.
    if (geteuid!() !== 0) {
      await expect(createTokenFolder({ path: '/usr' }).write('bin', 'token', 'x')).rejects.toMatchObject(
        refused,
      )
      return
    }
    const folder = await openFolder()
    mkdirSync(join(root, FOLDER))
    chownSync(join(root, FOLDER), 12_347, 12_347)
    await expect(folder.write(FOLDER, 'token', 'x')).rejects.toMatchObject(refused)
    await expect(folder.remove(FOLDER)).rejects.toMatchObject(refused)
    expect(readdirSync(join(root, FOLDER))).toStrictEqual([])
    chownSync(root, 12_347, 12_347)
    await expect(createTokenFolder({ path: root }).open()).rejects.toMatchObject(refused)
  })

  it('refuses a root that is a link, a file, or writable by its group or others, also when it becomes so later', async () => {
    const open = () => createTokenFolder({ path: root }).open()
    mkdirSync(join(base, 'real'))
    symlinkSync(join(base, 'real'), root)
    await expect(open()).rejects.toMatchObject(refused)
    unlinkSync(root)
    writeFileSync(root, '')
    await expect(open()).rejects.toMatchObject(refused)
    rmSync(root)
    const folder = await openFolder()
    await folder.write(FOLDER, 'token', 'one')
    for (const mode of [0o770, 0o707, 0o722]) {
      chmodSync(root, mode)
      await expect(open()).rejects.toMatchObject(refused)
      await expect(folder.write(FOLDER, 'token', 'two')).rejects.toMatchObject(refused)
      await expect(folder.remove(FOLDER)).rejects.toMatchObject(refused)
    }
    chmodSync(root, 0o755)
    await folder.write(FOLDER, 'token', 'three')
    renameSync(root, join(base, 'moved'))
    await expect(folder.write(FOLDER, 'token', 'four')).rejects.toMatchObject(refused)
    symlinkSync(join(base, 'moved'), root)
    await expect(folder.write(FOLDER, 'token', 'five')).rejects.toMatchObject(refused)
    expect(readFileSync(join(base, 'moved', FOLDER, 'token'), 'utf8')).toBe('three')
  })

  it('is made with the folders above it, and refused where the system has none, without going on for ever', async () => {
    const before = umask(0o077)
    await createTokenFolder({ path: join(root, 'deeper', 'tokens') })
      .open()
      .finally(() => umask(before))
    for (const path of [root, join(root, 'deeper'), join(root, 'deeper', 'tokens')]) {
      expect(modeOf(path)).toBe('711')
    }
    await expect(createTokenFolder({ path: '/proc/none/tokens' }).open()).rejects.toMatchObject(refused)
  })

  it('removes at its opening what a crash left half-written, and nothing else', async () => {
    const before = await openFolder()
    await before.write(FOLDER, 'token', 'one')
    const left = ['.token.0123456789abcdef.tmp', `.${'a'.repeat(64)}.0123456789abcdef.tmp`]
    const kept = ['.token.0123.tmp', 'token', '.hidden', 'x.0123456789abcdef.tmp']
    for (const name of [...left, ...kept]) writeFileSync(before.pathOf(FOLDER, name), 'x')
    mkdirSync(join(root, 'not-a-sandbox'))
    writeFileSync(join(root, 'not-a-sandbox', left[0]!), 'x')
    mkdirSync(join(base, 'elsewhere'))
    writeFileSync(join(base, 'elsewhere', left[0]!), 'x')
    symlinkSync(join(base, 'elsewhere'), join(root, 'l'.repeat(43)))
    mkdirSync(join(root, '.0123456789abcdef.tmp'))
    await openFolder()
    expect(existsSync(join(root, '.0123456789abcdef.tmp'))).toBe(false)
    expect(readdirSync(join(root, FOLDER)).sort()).toStrictEqual([...kept].sort())
    expect(readdirSync(join(root, 'not-a-sandbox'))).toHaveLength(1)
    expect(readdirSync(join(base, 'elsewhere'))).toHaveLength(1)
  })
})
