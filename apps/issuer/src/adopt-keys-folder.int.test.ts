import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listKeyFiles, readKeysFolder } from './adopt-keys-folder.ts'

const ed25519 = () => execFileSync('openssl', ['genpkey', '-algorithm', 'ED25519'], { encoding: 'utf8' })
const pem = ed25519()
const other = ed25519()

/** A folder with those files, each 0600 in folders of 0700. */
function createFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-adopt-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'workload-identity.d'), { mode: 0o700 })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  return folder
}

const whole = () =>
  createFolder({
    'workload-identity.key': pem,
    'workload-identity.key.prev': other,
    'workload-identity.d/b': other,
    'workload-identity.d/a': pem,
    'workload-identity.d/.dot': 'not a key',
    'something-else': 'not a key',
  })

describe('readKeysFolder', () => {
  it('reads the primary key, the previous one and the further ones by name, and nothing else', async () => {
    const folder = whole()
    mkdirSync(join(folder, 'workload-identity.d', 'folder'))
    const { primary, verifyOnly } = await readKeysFolder(folder)
    expect(primary?.path).toBe(join(folder, 'workload-identity.key'))
    expect(verifyOnly.map(({ path }) => path)).toEqual(
      ['workload-identity.key.prev', 'workload-identity.d/a', 'workload-identity.d/b'].map((name) =>
        join(folder, name),
      ),
    )
    expect(verifyOnly.map(({ key }) => key.kid === primary?.key.kid)).toEqual([false, true, false])
  })

  it('finds nothing in an empty folder, and nothing where there is none', async () => {
    const folder = createFolder({})
    expect(await readKeysFolder(folder)).toEqual({ path: folder, verifyOnly: [] })
    expect(await readKeysFolder(join(folder, 'none'))).toMatchObject({ verifyOnly: [] })
  })

  it('follows a link to the folder itself, as the operator has named it', async () => {
    const folder = whole()
    const link = join(createFolder({}), 'link')
    symlinkSync(folder, link)
    expect((await readKeysFolder(link)).primary?.path).toBe(join(folder, 'workload-identity.key'))
  })

  it('names every file that is no key, and quotes none', async () => {
    const folder = whole()
    for (const name of ['workload-identity.key', 'workload-identity.d/a']) {
      writeFileSync(join(folder, name), 'hunter2')
    }
    const error = await readKeysFolder(folder).catch((thrown: unknown) => thrown as Error)
    const reason = 'the private key is not a PEM text'
    expect(error).toMatchObject({
      name: 'ConfigurationError',
      message: `cannot adopt keys: ${folder}/workload-identity.key: ${reason}; ${folder}/workload-identity.d/a: ${reason}`,
    })
  })

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a folder that its group can write',
      (folder) => chmodSync(folder, 0o720),
      /^\S+ can be written by others/,
    ],
    [
      'further keys in a folder that others can write',
      (folder) => chmodSync(join(folder, 'workload-identity.d'), 0o702),
      /workload-identity\.d can be written by others/,
    ],
    [
      'a file that its group can write',
      (folder) => chmodSync(join(folder, 'workload-identity.key.prev'), 0o620),
      /key\.prev can be written by others/,
    ],
    [
      'a link in place of a key',
      (folder) => {
        rmSync(join(folder, 'workload-identity.key'))
        symlinkSync(join(folder, 'workload-identity.key.prev'), join(folder, 'workload-identity.key'))
      },
      /workload-identity\.key is a symbolic link/,
    ],
    [
      'a link among the further keys',
      (folder) => symlinkSync('/dev/null', join(folder, 'workload-identity.d', 'c')),
      /workload-identity\.d\/c is a symbolic link/,
    ],
    [
      'a link in place of the folder of further keys',
      (folder) => {
        rmSync(join(folder, 'workload-identity.d'), { recursive: true })
        symlinkSync('/etc', join(folder, 'workload-identity.d'))
      },
      /workload-identity\.d is a symbolic link/,
    ],
    [
      'a pipe in place of a key, without waiting for it',
      (folder) => execFileSync('mkfifo', [join(folder, 'workload-identity.d', 'pipe')]),
      /workload-identity\.d\/pipe is not a file/,
    ],
    [
      'a folder in place of a key',
      (folder) => {
        rmSync(join(folder, 'workload-identity.key'))
        mkdirSync(join(folder, 'workload-identity.key'))
      },
      /workload-identity\.key is not a file/,
    ],
    [
      'a file that is too large for a key',
      (folder) => truncateSync(join(folder, 'workload-identity.key'), 65_537),
      /workload-identity\.key is larger than 65536 bytes/,
    ],
  ])('refuses %s', async (_, change, reason) => {
    const folder = whole()
    change(folder)
    const error = await readKeysFolder(folder).catch((thrown: unknown) => thrown as Error)
    expect(error).toMatchObject({ name: 'ConfigurationError' })
    expect((error as Error).message.replace('cannot adopt keys: ', '')).toMatch(reason)
  })

  it('refuses a file in place of the folder', async () => {
    const file = join(createFolder({ file: pem }), 'file')
    await expect(readKeysFolder(file)).rejects.toThrow(`${file} is not a folder`)
  })

  it('tells which keys others can read', async () => {
    const folder = whole()
    chmodSync(join(folder, 'workload-identity.key'), 0o640)
    const { primary, verifyOnly } = await readKeysFolder(folder)
    expect([primary?.isExposed, verifyOnly[0]?.isExposed]).toEqual([true, false])
  })
})

describe('listKeyFiles', () => {
  it('lists the files without reading them', () => {
    const folder = whole()
    truncateSync(join(folder, 'workload-identity.key'))
    expect(listKeyFiles(folder)).toEqual({
      primary: join(folder, 'workload-identity.key'),
      verifyOnly: ['workload-identity.key.prev', 'workload-identity.d/a', 'workload-identity.d/b'].map(
        (name) => join(folder, name),
      ),
    })
  })
})
