import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromMilliseconds, openKeyRing, type KeyRing } from '@workload-identity/core'
import { startRedisServer } from '@workload-identity/driver-redis/testing'
import { openStores } from '@workload-identity/store-admin'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StoreCommandError } from './command-error.ts'
import { createStoreProgram } from './store-program.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--conditions=@workload-identity/source', main, ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, ...output }
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store in a file folder with a ring and one sandbox. */
async function createStore(folder: string): Promise<KeyRing> {
  const stores = await openStores({ store: { engine: 'file', directory: join(folder, 'store') } })
  const clock = () => fromMilliseconds(Date.now())
  const { ring } = await openKeyRing(
    { keyStore: stores.keyStore, registry: stores.registryIdentity, clock },
    {
      ...{ clusterId: 'eu-1', issuerUrl: 'https://id.example.com' },
      ...{ requireKeys: false, specification: 'ES256' },
    },
  )
  const secrets = [{ sha256: '0'.repeat(64) }]
  const record = { sandbox_id: 'sb-1', app: 'web', secrets, created_at: clock(), revision: 1 }
  await stores.createSandboxRegistry(() => ring.registry_id).register(record, clock())
  await stores.close()
  return ring
}

describe('npm run store', () => {
  it('copies a store through every engine, sealed on the way, checks it and exports what is public', async () => {
    const folder = createFolder()
    const ring = await createStore(folder)
    const redis = await startRedisServer({ settings: ['--requirepass', 'hunter2'] })
    onTestFinished(() => redis.stop())
    const keyFile = join(folder, 'kek')
    writeFileSync(keyFile, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, 'hunter2\n', { mode: 0o600 })
    const [file, sqlite, back] = [`file:${folder}/store`, `sqlite:${folder}/store.db`, `file:${folder}/back`]
    const address = `redis://${redis.host}:${redis.port}`

    const first = await run(['copy', '--from', file, '--to', sqlite, '--to-key-encryption-key-file', keyFile])
    expect([first.stderr, first.exitCode]).toEqual(['sandboxes: 1 added\n', 0])
    expect(first.stdout).toContain('sandboxes    1 in the source, 1 in the target, all the same')

    const sealed = ['--from-key-encryption-key-file', keyFile]
    const withPassword = { WID_STORE_TO: address.replace('//', '//:hunter2@') }
    const unsealing = ['copy', '--from', sqlite, ...sealed]
    const refused = await run(unsealing, withPassword)
    expect([refused.exitCode, refused.stderr]).toEqual([78, expect.stringContaining('--to-unsealed')])
    const second = await run([...unsealing, '--to-unsealed'], withPassword)
    expect(second.exitCode).toBe(0)
    expect(second.stdout + second.stderr).not.toContain('hunter2')

    const third = ['copy', '--json', '--from', address, '--from-redis-password-file', passwordFile]
    const last = await run([...third, '--cluster-id', 'eu-1', '--to', back])
    expect(last.exitCode).toBe(0)
    const copy = JSON.parse(last.stdout) as { fingerprint: string }
    expect(first.stdout).toContain(`${copy.fingerprint} on both sides`)

    const check = await run(['check', back, '--json'])
    expect(check.exitCode).toBe(0)
    expect(JSON.parse(check.stdout)).toMatchObject({
      ...{ store: back, engine: 'file', ok: true },
      facts: { fingerprint: copy.fingerprint, sandboxes: 1, generation: 4 },
    })

    const table = await run(['check', sqlite])
    expect(table.exitCode).toBe(2)
    expect(table.stdout).toMatch(/^unknown {2}ring {9}the stored key ring is sealed/m)
    expect(table.stdout).toMatch(/^not all of it could be opened: .*--key-encryption-key-file$/m)

    const exported = await run(['export', back, '--public', '--out', join(folder, 'public')])
    expect(exported.exitCode).toBe(0)
    const jwks = JSON.parse(readFileSync(join(folder, 'public', 'jwks.json'), 'utf8')) as { keys: object[] }
    expect(jwks.keys).toEqual([{ ...ring.keys[0]?.public, kid: ring.keys[0]?.kid, use: 'sig', alg: 'ES256' }])
    expect(JSON.parse(readFileSync(join(folder, 'public', 'history.json'), 'utf8'))).toEqual([])
  }, 60_000)

  it('prints a refusal as one sentence and exits with its code', async () => {
    const { exitCode, stdout, stderr } = await run([
      'copy',
      '--from',
      'file:/nowhere',
      '--to',
      'file:/nowhere',
    ])
    expect([exitCode, stdout]).toEqual([78, ''])
    expect(stderr).toBe('store: source and target are the same store: file:/nowhere\n')
  })
})

describe('createStoreProgram', () => {
  const to = '--to=sqlite:/nowhere/store.db'
  it.each<[string, readonly string[], number, RegExp]>([
    ['a password on the command line', [to, '--from=redis://:hunter2@127.0.0.1'], 78, /is seen by everybody/],
    ['an engine there is not', [to, '--from=postgres://x'], 78, /must be file:<dir>/],
    ['a Redis URL that cannot be read', [to, '--from=redis://127.0.0.1/x'], 78, /must be a database number/],
    ['a store that is not named', [to], 78, /no store is named: give it, or set WID_STORE_FROM/],
    ['a source that is not there', [to, '--from=file:/nowhere'], 1, /there is no store at .*ERR_STORE_EMPTY/],
    [
      'a key file that is not there',
      [to, '--from=file:/nowhere', '--from-key-encryption-key-file=/nowhere'],
      78,
      /cannot be read \(ENOENT\)/,
    ],
  ])('refuses %s', async (_, args, exitCode, sentence) => {
    const error = await createStoreProgram({})
      .run(['copy', ...args])
      .catch((thrown: unknown) => thrown as StoreCommandError)
    expect(error).toMatchObject({ name: 'StoreCommandError', exitCode })
    expect((error as StoreCommandError).message).toMatch(sentence)
    expect((error as StoreCommandError).message).not.toContain('hunter2')
  })

  it('names the flags of the copy, and the store, when a key does not fit', async () => {
    const folder = createFolder()
    await createStore(folder)
    const [one, other] = ['one', 'other'].map((name) => {
      writeFileSync(join(folder, name), randomBytes(32).toString('hex'), { mode: 0o600 })
      return join(folder, name)
    })
    const copy = (...args: readonly string[]) => createStoreProgram({}).run(['copy', ...args])
    const plain = [`--from=file:${folder}/store`, `--to=file:${folder}/sealed`]
    await expect(copy(...plain, `--from-key-encryption-key-file=${one}`, '--to-unsealed')).rejects.toThrow(
      /^the source: the stored key ring is not sealed, though --from-key-encryption-key-file is given: leave/,
    )
    await copy(...plain, `--to-key-encryption-key-file=${one}`)
    await expect(copy(...plain, `--to-key-encryption-key-file=${other}`)).rejects.toThrow(
      /^the target: .*\(--to-key-encryption-key-file, once for each key\) \[ERR_SEAL_KEY_UNKNOWN\]$/,
    )
    const back = [`--from=file:${folder}/sealed`, `--to=file:${folder}/store`]
    await expect(copy(...back)).rejects.toThrow(/^the source: .*\(--from-key-encryption-key-file, once/)
    const sealedBack = [...back, `--from-key-encryption-key-file=${one}`]
    await expect(copy(...sealedBack, `--to-key-encryption-key-file=${one}`)).rejects.toThrow(
      /^the target: the stored key ring is not sealed, though --to-key-encryption-key-file is given: .*--to-unsealed/,
    )
  })

  it('refuses a key file that others may read, and quotes none', async () => {
    const file = join(createFolder(), 'kek')
    writeFileSync(file, 'hunter2', { mode: 0o640 })
    const check = () =>
      createStoreProgram({}).run(['check', 'file:/nowhere', '--key-encryption-key-file', file])
    await expect(check()).rejects.toThrow(`${file} gives others than its owner permissions on a secret`)
    chmodSync(file, 0o600)
    await expect(check()).rejects.toThrow(/^(?!.*hunter2).*a key-encryption key is 32 random bytes/)
  })
})
