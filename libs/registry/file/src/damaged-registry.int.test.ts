import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { toThrowWithCode } from '@workload-identity/contracts'
import { unixSeconds } from '@workload-identity/core'
import { createProcessToken, openPrivateDirectory } from '@workload-identity/driver-file'
import { describe, expect, it } from 'vitest'
import { createFileRegistryIdentity, createFileSandboxRegistry } from './index.ts'
import {
  filesIn,
  first,
  NOW,
  open,
  populated,
  sandbox,
  SECRET,
  sha256,
} from './populated-registry.testing.ts'

expect.extend({ toThrowWithCode })

describe('createFileSandboxRegistry', () => {
  it('keeps a private file of each record, named after its ID, and a name for each secret', async () => {
    const { folder, record, secret } = await populated()
    const [, text = ''] = readFileSync(record, 'utf8').split('\n')
    expect(JSON.parse(text)).toStrictEqual(first)
    expect(statSync(secret).ino).toBe(statSync(record).ino)
    for (const path of [record, secret]) expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
    for (const name of ['sandboxes', 'sandbox-secrets', 'turn']) {
      expect((statSync(join(folder, name)).mode & 0o777).toString(8)).toBe('700')
    }
  })

  it('leaves nothing of a replaced or ended sandbox', async () => {
    const { folder } = await populated()
    const registry = open(folder)
    const next = sandbox('a/b', { secrets: [{ sha256: sha256('new') }], revision: 2 })
    await registry.replace(next, NOW)
    expect(filesIn(folder)).toStrictEqual([sha256('a/b'), sha256('new'), 'registry-id'].sort())
    await registry.end('a/b', NOW)
    expect(filesIn(folder)).toStrictEqual(['registry-id'])
  })

  it('leads a lost name of a secret to the one for whom it counts, not to who had it before', async () => {
    const { folder } = await populated()
    const later = unixSeconds(NOW + 60)
    const shared = sha256('shared')
    const owners = ['a', 'b', 'c', 'd'].map((id) => sandbox(id, { secrets: [{ sha256: sha256(id) }] }))
    const registry = open(folder)
    for (const { sandbox_id, secrets } of owners) {
      const graced = [...secrets, { sha256: shared, valid_until: later }]
      const others = sandbox_id === 'c' ? secrets : graced
      await registry.register(sandbox(sandbox_id, { secrets: others }), sandbox_id === 'a' ? NOW : later)
    }
    const changed = sandbox('c', { secrets: [{ sha256: shared }], revision: 2 })
    await registry.replace(changed, later)
    rmSync(join(folder, 'sandbox-secrets'), { recursive: true })
    expect(await open(folder).findBySecretHash(shared, later)).toStrictEqual(changed)
  })

  it.each(['record', 'secret', 'identity'] as const)(
    'never answers that there is no sandbox when a bit of its %s changed',
    async (which) => {
      const files = await populated()
      const registry = open(files.folder)
      await registry.findById('a/b', NOW)
      const content = readFileSync(files[which])
      for (let bit = 0; bit < content.length * 8; bit += 1) {
        const changed = Buffer.from(content)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        writeFileSync(files[which], changed)
        await expect(registry.findBySecretHash(SECRET, NOW), `bit ${bit}`).rejects.toThrowWithCode(
          'ERR_STORE_CORRUPT',
        )
      }
    },
  )

  it('refuses a record that is cut off anywhere, by ID, by secret and in a list', async () => {
    const { folder, record } = await populated()
    const registry = open(folder)
    const content = readFileSync(record)
    for (let length = 0; length < content.length; length += 1) {
      writeFileSync(record, content.subarray(0, length))
      await expect(registry.findById('a/b', NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
      await expect(registry.findBySecretHash(SECRET, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
      await expect(registry.list({ limit: 1 }, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    }
  })

  it('still ends a sandbox whose record is damaged, and takes its ID and secret again', async () => {
    const { folder, record } = await populated()
    const registry = open(folder)
    writeFileSync(record, 'garbage')
    await expect(registry.register(first, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    expect(await registry.end('a/b', NOW)).toBe(true)
    expect(await registry.end('a/b', NOW)).toBe(false)
    // The file named after its secret was the same one, and cannot tell any more whose it was.
    await expect(registry.findBySecretHash(SECRET, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    const restarted = open(folder)
    await restarted.register(first, NOW)
    expect(await restarted.findBySecretHash(SECRET, NOW)).toStrictEqual(first)
  })

  it('keeps a damaged name after a secret over restarts while a record is damaged that may have had it', async () => {
    const { folder, record, secret } = await populated()
    writeFileSync(record, 'garbage')
    await expect(open(folder).findBySecretHash(SECRET, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    rmSync(secret)
    copyFileSync(record, secret)
    await expect(open(folder).findBySecretHash(SECRET, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('removes names after secrets that lead nowhere when it starts', async () => {
    const { folder, record, secret } = await populated()
    const stray = sha256('stray')
    mkdirSync(join(folder, 'sandbox-secrets', stray.slice(0, 2)), { recursive: true, mode: 0o700 })
    copyFileSync(record, join(folder, 'sandbox-secrets', stray.slice(0, 2), stray))
    expect(await open(folder).findById('a/b', NOW)).toStrictEqual(first)
    expect(filesIn(folder)).not.toContain(stray)
    rmSync(record)
    expect(await open(folder).findById('a/b', NOW)).toBeUndefined()
    expect(existsSync(secret)).toBe(false)
  })

  it('refuses a record under the name of another one', async () => {
    const { folder, record } = await populated()
    const hash = sha256('c')
    const other = sandbox('c')
    await open(folder).register(other, NOW)
    copyFileSync(record, join(folder, 'sandboxes', hash.slice(0, 2), hash))
    await expect(open(folder).findById('c', NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(open(folder).list({ limit: 10 }, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('refuses a record that others may read, and a link', async () => {
    const { folder, record } = await populated()
    chmodSync(record, 0o640)
    await expect(open(folder).findById('a/b', NOW)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    chmodSync(record, 0o600)
    renameSync(record, join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), record)
    await expect(open(folder).findById('a/b', NOW)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })

  it('finds by secret again after a restart when the names after secrets were lost or damaged', async () => {
    const { folder, secret } = await populated()
    rmSync(join(folder, 'sandbox-secrets'), { recursive: true })
    expect(await open(folder).findBySecretHash(SECRET, NOW)).toStrictEqual(first)
    writeFileSync(secret, 'garbage')
    expect(await open(folder).findBySecretHash(SECRET, NOW)).toStrictEqual(first)
    expect(statSync(secret).size).toBeGreaterThan(100)
  })

  it('goes by the record when a name after a secret leads to one that does not have it', async () => {
    const { folder, record } = await populated()
    const stray = sha256('stray')
    const registry = open(folder)
    await registry.register(sandbox('c', { secrets: [{ sha256: stray }] }), NOW)
    const path = join(folder, 'sandbox-secrets', stray.slice(0, 2), stray)
    rmSync(path)
    copyFileSync(record, path)
    expect(await registry.findBySecretHash(stray, NOW)).toBeUndefined()
    expect((await open(folder).findBySecretHash(stray, NOW))?.sandbox_id).toBe('c')
  })

  it('starts although another record is damaged', async () => {
    const { folder, record } = await populated()
    await open(folder).register(sandbox('c'), NOW)
    writeFileSync(record, 'garbage')
    expect(await open(folder).findById('c', NOW)).toStrictEqual(sandbox('c'))
  })

  it('keeps the name after a secret that went from an expired sandbox to another one', async () => {
    const { folder } = await populated()
    const registry = open(folder)
    const shared = { secrets: [{ sha256: sha256('shared') }] }
    await registry.register(sandbox('old', { ...shared, expires_at: NOW }), unixSeconds(NOW - 1))
    await registry.register(sandbox('new', shared), NOW)
    expect(await registry.removeExpired(NOW, 10)).toBe(1)
    expect((await registry.findBySecretHash(sha256('shared'), NOW))?.sandbox_id).toBe('new')
  })

  it('answers ERR_REGISTRY_LOST, not that there is none, when it is wiped while it looks', async () => {
    const { folder } = await populated()
    let lookups = 0
    const registry = createFileSandboxRegistry({
      directory: openPrivateDirectory({ path: folder }),
      registryId: () => {
        lookups += 1
        if (lookups === 2)
          for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
        return 'registry-1'
      },
    })
    expect(await registry.findById('a/b', NOW)).toStrictEqual(first)
    await expect(registry.findById('a/b', NOW)).rejects.toThrowWithCode('ERR_REGISTRY_LOST')
  })

  it('takes no path for a secret hash', async () => {
    const { folder } = await populated()
    const registry = open(folder)
    for (const hash of ['', '../../registry-id', SECRET.toUpperCase(), `${SECRET}0`]) {
      expect(await registry.findBySecretHash(hash, NOW)).toBeUndefined()
    }
  })

  it('clears up after a process that died with its turn prepared or begun', async () => {
    const { folder } = await populated()
    const [pid, started, ...rest] = createProcessToken().split('-')
    const dead = [pid, Number(started) - 1, ...rest].join('-')
    writeFileSync(join(folder, 'turn', `${dead}.record`), 'half')
    await open(folder).register(sandbox('c'), NOW)
    expect(readdirSync(join(folder, 'turn'))).toStrictEqual([])
  })
})

describe('createFileRegistryIdentity', () => {
  it('removes what claims that were killed left behind', async () => {
    const { folder, identity } = await populated()
    writeFileSync(`${identity}.${createProcessToken()}.tmp`, 'half')
    const directory = openPrivateDirectory({ path: folder })
    expect(await createFileRegistryIdentity({ directory }).claim('registry-2')).toBe('registry-1')
    expect(filesIn(folder)).toStrictEqual([sha256('a/b'), SECRET, 'registry-id'].sort())
  })
})
