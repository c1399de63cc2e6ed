import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildDiscoveryDocument, fromMilliseconds, openKeyRing, toPublicJwks } from '@workload-identity/core'
import { openStores } from '@workload-identity/store-admin'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { runPublishProgram } from './publish-program.ts'

const issuer = 'https://id.example.com'
const now = fromMilliseconds(Date.now())
const folder = mkdtempSync(join(tmpdir(), 'wid-publish-'))
const storeFolder = join(folder, 'store')
/** What the issuer serves, by path. */
const usual = new Map<string, string>()
const served = new Map<string, string>()
const server = createServer((request, response) => {
  const body = served.get(request.url ?? '')
  if (body === '->') response.writeHead(302, { location: '/.well-known/jwks.json' }).end()
  else response.writeHead(body === undefined ? 404 : 200).end(body)
})
let from = ''

beforeAll(async () => {
  const stores = await openStores({ store: { engine: 'file', directory: storeFolder } })
  const { ring } = await openKeyRing(
    { keyStore: stores.keyStore, registry: stores.registryIdentity, clock: () => now },
    { clusterId: 'eu-1', issuerUrl: issuer, requireKeys: false, specification: 'ES256' },
  )
  await stores.close()
  usual.set('/.well-known/jwks.json', JSON.stringify(toPublicJwks(ring, now)))
  usual.set('/.well-known/openid-configuration', JSON.stringify(buildDiscoveryDocument(issuer, ring, now)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  for (const [path, body] of usual) served.set(path, body)
})

function createTarget(): string {
  const target = mkdtempSync(join(folder, 'to-'))
  onTestFinished(() => chmodSync(target, 0o700))
  return target
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const output = { stdout: '', stderr: '' }
  const exitCode = await runPublishProgram(args, {
    env,
    write: (text) => (output.stdout += text),
    writeError: (text) => (output.stderr += text),
  })
  return { exitCode, ...output }
}

const read = (target: string, path: string) => readFileSync(join(target, path), 'utf8')

describe('npm run publish-jwks', () => {
  it('writes what a running issuer serves, byte by byte, for everybody to read', async () => {
    const target = join(createTarget(), 'site')
    const { exitCode, stdout } = await run(['--from', `${from}/`, '--to', target])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^wrote .*jwks\.json\nwrote .*openid-configuration\nhttps:\/\/id\.example\.com SHA256:\S{43}\n$/,
    )
    for (const [path, body] of usual) {
      expect(read(target, path)).toBe(body)
      expect(statSync(join(target, path)).mode & 0o777).toBe(0o644)
    }
    expect(readdirSync(join(target, '.well-known')).sort()).toEqual(['jwks.json', 'openid-configuration'])
  })

  it('writes the same from the store, named by a flag or the environment', async () => {
    const [one, other] = [createTarget(), createTarget()]
    expect((await run(['--store', `file:${storeFolder}`, '--to', one])).exitCode).toBe(0)
    expect((await run(['--to', other], { WID_STORE: `file:${storeFolder}` })).exitCode).toBe(0)
    for (const [path, body] of usual) expect([read(one, path), read(other, path)]).toEqual([body, body])
  })

  it('does not replace keys that the store never had, unless it is told to', async () => {
    const target = createTarget()
    const store = ['--store', `file:${storeFolder}`, '--to', target]
    const path = join(target, '.well-known/jwks.json')
    const keys = usual.get('/.well-known/jwks.json') ?? ''
    mkdirSync(join(target, '.well-known'))
    const theirs = '{"keys":[{"kid":"theirs","alg":"RS256"}]}'
    writeFileSync(path, theirs)
    const { exitCode, stderr } = await run(store)
    expect([exitCode, readFileSync(path, 'utf8')]).toEqual([1, theirs])
    expect(stderr).toContain('keys of another ring')
    expect(stderr).toContain('--replace')
    const kid = (JSON.parse(keys) as { keys: { kid: string }[] }).keys[0]?.kid
    for (const there of [`{"keys":[{"kid":"theirs"},{"kid":"${kid}"}]}`, '{"keys":[', '{"keys":[null]}']) {
      writeFileSync(path, there)
      expect([(await run(store)).exitCode, readFileSync(path, 'utf8')]).toEqual([0, keys])
    }
    writeFileSync(path, theirs)
    expect([(await run([...store, '--replace'])).exitCode, readFileSync(path, 'utf8')]).toEqual([0, keys])
  })

  it('leaves unchanged files alone, and replaces others by a new file', async () => {
    const target = createTarget()
    const publish = () => run(['--from', from, '--to', target])
    await publish()
    const before = statSync(join(target, '.well-known/jwks.json'))
    expect((await publish()).stdout).toMatch(/^unchanged .*\nunchanged .*\n/)
    const keys = usual.get('/.well-known/jwks.json') ?? ''
    served.set('/.well-known/jwks.json', `${keys}\n`)
    expect((await publish()).stdout).toMatch(/^wrote .*\nunchanged .*\n/)
    expect(read(target, '.well-known/jwks.json')).toBe(`${keys}\n`)
    expect(statSync(join(target, '.well-known/jwks.json')).ino).not.toBe(before.ino)
  })

  it.each([
    ['no keys', '/.well-known/jwks.json', '{"keys":[]}', 'has no keys'],
    ['no JSON', '/.well-known/jwks.json', '<html>', 'is not JSON'],
    ['a redirect', '/.well-known/jwks.json', '->', 'cannot be fetched'],
    [
      'a private half',
      '/.well-known/jwks.json',
      '{"keys":[{"kid":"k","alg":"ES256","d":"s3cret"}]}',
      'the member `d`',
    ],
    ['a key without ID', '/.well-known/jwks.json', '{"keys":[{"alg":"ES256"}]}', 'no `kid`'],
    ['no issuer', '/.well-known/openid-configuration', '{}', 'no issuer URL'],
    [
      'another key set',
      '/.well-known/openid-configuration',
      `{"issuer":"${issuer}","jwks_uri":"x"}`,
      '`jwks_uri`',
    ],
  ])('publishes nothing when the issuer serves %s', async (_, path, body, reason) => {
    const target = createTarget()
    served.set(path, body)
    const { exitCode, stderr } = await run(['--from', from, '--to', target])
    expect([exitCode, readdirSync(target)]).toEqual([1, []])
    expect(stderr).toContain(reason)
    expect(stderr).not.toContain('s3cret')
  })

  it('does not touch the files of another issuer', async () => {
    const target = createTarget()
    mkdirSync(join(target, '.well-known'))
    const theirs = '{"issuer":"https://other.example.com"}'
    writeFileSync(join(target, '.well-known/openid-configuration'), theirs)
    const { exitCode, stderr } = await run(['--from', from, '--to', target])
    expect([exitCode, readdirSync(join(target, '.well-known'))]).toEqual([1, ['openid-configuration']])
    expect(stderr).toContain(`is not that of ${issuer}`)
  })

  it.each([
    ['nothing to read from', ['--to', '.'], 'no store is named'],
    ['two sources', ['--to', '.', '--from', 'http://127.0.0.1:1', '--store', 'file:x'], 'not both'],
    ['no URL', ['--to', '.', '--from', 'ftp://x'], 'http or https'],
    ['nowhere to write', ['--from', 'http://127.0.0.1:1'], '--to'],
  ])('exits with 78 for %s', async (_, args, reason) => {
    const { exitCode, stderr } = await run(args)
    expect(exitCode).toBe(78)
    expect(stderr).toContain(reason)
  })

  it('exits with 1 when nobody answers, and when the folder cannot be made', async () => {
    expect(await run(['--from', 'http://127.0.0.1:1', '--to', createTarget()])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/:1\/\S+ cannot be fetched \((ECONNREFUSED|bad port)\)$/m),
    })
    const file = join(createTarget(), 'file')
    writeFileSync(file, '')
    const { exitCode, stderr } = await run(['--from', from, '--to', file])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('cannot be used (ENOTDIR)')])
  })
})
