import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SettingsError } from '@workload-identity/settings'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig, type IssuerConfig } from '../src/config.ts'
import { readRedisCredentials } from '../src/redis-credentials.ts'
import { createTestCertificates, type TestCertificates } from './test-certificates.ts'

const url = '--issuer-url=https://issuer.example'
let folder: string
let certificates: TestCertificates

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-redis-config-'))
  certificates = createTestCertificates(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

function read(argv: readonly string[], env: Record<string, string> = {}): IssuerConfig {
  const reading = readConfig([url, adminTokens(), ...argv], env)
  if (reading.kind !== 'config') throw new Error(`gave a text: ${reading.text}`)
  return reading.config
}

function mistakes(argv: readonly string[], env: Record<string, string> = {}): string {
  try {
    readConfig([url, adminTokens(), ...argv], env)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map((problem) => problem.message).join('\n')
    throw error
  }
  return ''
}

/** On Redis it has to be there. */
function adminTokens(): string {
  return `--admin-token-file=${write('admin-token', 'x'.repeat(32))}`
}

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('readConfig with a store in Redis', () => {
  it.each([
    'redis://127.0.0.1',
    'rediss://redis.example:6380/3',
    'redis://sentinel-1?sentinel=primary&node=sentinel-2:26380',
    'rediss://node-1?cluster&node=node-2',
  ])('takes %s', (text) => {
    const { store, redis } = read([`--store=${text}`])
    expect(store).toEqual({ engine: 'redis', url: text, tls: text.startsWith('rediss') })
    expect(redis).toEqual({ prefix: 'wid:', allowVolatile: false })
  })

  it('takes a user of the URL with a password from a file, and keeps only the path', () => {
    const passwordFile = write('password', 'correct horse\n')
    const { redis } = read(['--store=redis://issuer@redis.example', `--redis-password-file=${passwordFile}`])
    expect(redis).toMatchObject({ password: { where: passwordFile }, prefix: 'wid:', allowVolatile: false })
    expect(JSON.stringify(redis)).not.toContain('horse')
    expect(readRedisCredentials(redis)).toEqual({ password: 'correct horse' })
  })

  it('takes the password from a systemd credential or an environment variable', () => {
    write('redis', 'correct horse\n')
    const env = { CREDENTIALS_DIRECTORY: folder, MY_PASSWORD: 'battery staple' }
    const flags = ['--redis-password-file=credential:redis', '--redis-sentinel-password-file=env:MY_PASSWORD']
    const { redis } = read(['--store=redis://issuer@redis.example', ...flags], env)
    expect(readRedisCredentials(redis)).toEqual({
      password: 'correct horse',
      sentinelPassword: 'battery staple',
    })
  })

  it('takes TLS files, another prefix and a volatile server', () => {
    const { caFile, certFile, keyFile, ca } = certificates
    const files = [`--redis-ca=${caFile}`, `--redis-cert=${certFile}`, `--redis-key=${keyFile}`]
    const others = ['--redis-prefix=test:', '--allow-volatile-store']
    const { redis } = read(['--store=rediss://redis.example', ...files, ...others])
    expect(redis).toMatchObject({ prefix: 'test:', allowVolatile: true })
    const { tls } = readRedisCredentials(redis)
    expect(tls).toMatchObject({
      ca,
      cert: expect.stringContaining('CERTIFICATE'),
      key: expect.stringContaining('KEY'),
    })
  })

  it('takes a password in the URL from the environment only', () => {
    const store = 'redis://issuer:hunter2@redis.example'
    expect(read([], { WID_STORE: store }).store).toMatchObject({ url: store })
    for (const argv of [[`--store=${store}`], ['--store', store]]) {
      expect(mistakes(argv)).toMatch(/password on the command line is seen by everybody/)
      expect(mistakes(argv)).not.toContain('hunter2')
    }
  })

  it.each<[string, readonly string[], RegExp]>([
    [
      'an unknown parameter',
      ['--store=redis://h?password=hunter2'],
      /parameters sentinel, cluster and node only/,
    ],
    ['a sentinel of a cluster', ['--store=redis://h?cluster&sentinel=hunter2'], /not both/],
    ['a database that is none', ['--store=redis://h/hunter2'], /must be a database number/],
    ['a user without password', ['--store=redis://hunter2@h'], /user of Redis needs a password/],
    [
      'a prefix with braces',
      ['--store=redis://h', '--redis-prefix={wid}'],
      /visible ASCII characters without/,
    ],
    ['a CA without TLS', ['--store=redis://h', '--redis-ca=/nowhere'], /are for rediss:\/\//],
    ['a certificate without key', ['--store=rediss://h', '--redis-cert=/c'], /give both or neither/],
    [
      'a missing password file',
      ['--store=redis://h', '--redis-password-file=/nowhere'],
      /nowhere cannot be read \(ENOENT\)/,
    ],
    ['a missing CA', ['--store=rediss://h', '--redis-ca=/nowhere'], /nowhere cannot be read \(ENOENT\)/],
    ['a Redis flag for SQLite', ['--allow-volatile-store'], /--allow-volatile-store is for a store in Redis/],
    ['a prefix for SQLite', ['--redis-prefix=a:'], /--redis-prefix is for a store in Redis/],
  ])('refuses %s', (_, argv, message) => {
    expect(mistakes(argv)).toMatch(message)
    expect(mistakes(argv)).not.toContain('hunter2')
  })

  it.each<[string, string, number, RegExp]>([
    ['others may read', 'hunter2', 0o640, /run chmod 600/],
    ['is empty', '\n', 0o600, /is empty/],
    ['has two lines', 'hunter2\nhunter3\n', 0o600, /more than one line/],
  ])('refuses a password file that %s', (_, text, mode, message) => {
    const path = write('wrong', text, mode)
    expect(mistakes(['--store=redis://h', `--redis-password-file=${path}`])).toMatch(message)
    expect(mistakes(['--store=redis://h', `--redis-password-file=${path}`])).not.toContain('hunter')
  })

  it('refuses a password that is given twice', () => {
    const path = write('password', 'x')
    const env = { WID_STORE: 'redis://:hunter2@h', WID_REDIS_PASSWORD_FILE: path }
    expect(mistakes([], env)).toMatch(/given twice/)
    expect(mistakes([], env)).not.toContain('hunter2')
  })

  it('refuses a CA that is no certificate', () => {
    const path = write('ca', 'hunter2')
    expect(mistakes(['--store=rediss://h', `--redis-ca=${path}`])).toMatch(/holds no PEM certificate/)
  })
})
