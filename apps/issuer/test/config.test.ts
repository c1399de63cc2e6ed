import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SettingsError } from '@workload-identity/settings'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig, type IssuerConfig } from '../src/config.ts'

const url = '--issuer-url=https://issuer.example'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-config-'))
})
afterAll(() => {
  chmodSync(folder, 0o700)
  rmSync(folder, { recursive: true })
})

function read(argv: readonly string[], env: Record<string, string> = {}): IssuerConfig {
  const reading = readConfig(argv, env)
  if (reading.kind !== 'config') throw new Error(`gave a text: ${reading.text}`)
  return reading.config
}

function mistakes(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  try {
    readConfig(argv, env)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map((problem) => problem.message)
    throw error
  }
  return []
}

function writeRegistration(content: unknown): string {
  const path = join(folder, `registration-${Math.trunc(performance.now() * 1000)}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return `--registration-file=${path}`
}

describe('readConfig', () => {
  it('has the documented defaults when only the issuer URL is given', () => {
    expect(read([url])).toEqual({
      issuerUrl: 'https://issuer.example',
      issuerUrlSource: 'explicit',
      ttl: { defaultTtl: 3600, maxTtl: 86_400 },
      rotation: {
        activeFor: 2_592_000,
        publishAhead: 86_400,
        keepRetired: 93_600,
        jwksMaxAge: 3600,
        staleIfError: 43_200,
        storeLag: 300,
      },
      signingAlgorithm: 'RS256',
      holdPromotionFor: [],
      store: { engine: 'sqlite', path: './data/issuer.db' },
      redis: { prefix: 'wid:', allowVolatile: false },
      allowNetworkFileSystem: false,
      requireKeys: false,
      adoptMode: 'default',
      sealing: { mode: 'strict', keys: [] },
      publicListen: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
      tokenListen: { kind: 'tcp', host: '127.0.0.1', port: 7123 },
      controlListen: { kind: 'tcp', host: '127.0.0.1', port: 7124 },
      jwksAliases: [],
      trustedProxies: [],
      systemWorkloads: [],
      adminTokenFile: './data/admin-token',
      logLevel: 'info',
    })
  })

  it('gives a frozen configuration', () => {
    expect(Object.isFrozen(read([url]))).toBe(true)
  })

  it('reads the environment, in which a flag wins', () => {
    const env = { WID_ISSUER_URL: 'https://env.example', WID_CLUSTER_ID: 'from-env' }
    expect(read(['--cluster-id=from-flag'], env)).toMatchObject({
      issuerUrl: 'https://env.example',
      clusterId: 'from-flag',
    })
  })

  it('takes the issuer URL from the registration when none is set, and its IDs', () => {
    const file = writeRegistration({ hostname: 'reg.example', organization_id: 'o1', cluster_id: 'c1' })
    expect(read([file, '--tls-name=tls.example'])).toMatchObject({
      issuerUrl: 'https://reg.example',
      issuerUrlSource: 'registration',
      organizationId: 'o1',
      clusterId: 'c1',
    })
  })

  it('prefers set values to those of the registration', () => {
    const file = writeRegistration({ hostname: 'reg.example', organization_id: 'o1', cluster_id: 'c1' })
    expect(read([url, file, '--organization-id=o2', '--cluster-id=c2'])).toMatchObject({
      issuerUrl: 'https://issuer.example',
      issuerUrlSource: 'explicit',
      organizationId: 'o2',
      clusterId: 'c2',
    })
  })

  it('takes the first TLS name when there is nothing else', () => {
    expect(read(['--tls-name=a.example', '--tls-name=b.example'])).toMatchObject({
      issuerUrl: 'https://a.example',
      issuerUrlSource: 'tls-name',
    })
  })

  it('shortens the default TTL to a shorter maximum unless it is set', () => {
    expect(read([url, '--max-ttl=10m']).ttl).toEqual({ defaultTtl: 600, maxTtl: 600 })
  })

  it('derives stale-if-error from what publish-ahead leaves', () => {
    // 20000 − 2 × 3600 − 2 × 60 − 300
    expect(read([url, '--publish-ahead=20000']).rotation.staleIfError).toBe(12_380)
  })

  it('needs no --allow-plaintext for loopback addresses and sockets', () => {
    const config = read([url, '--token-listen=unix:/run/token.sock', '--control-listen=[::1]:7124'])
    expect(config.tokenListen).toEqual({ kind: 'unix', path: '/run/token.sock' })
  })

  it('accepts plain text beyond loopback where it is allowed', () => {
    const flags = ['--token-listen=0.0.0.0:7123', '--allow-plaintext=token']
    expect(read([url, ...flags]).tokenListen).toEqual({ kind: 'tcp', host: '0.0.0.0', port: 7123 })
  })

  it('serves the public listener in plain text beyond loopback without asking', () => {
    expect(read([url, '--public-listen=0.0.0.0:80']).publicListen).toMatchObject({ host: '0.0.0.0' })
  })

  it.each([['--help'], ['--version']])('gives a text for %s, whatever else is wrong', (flag) => {
    expect(readConfig([flag, '--nonsense'], {}).kind).toBe('text')
  })

  it('takes what is announced and what to move from', () => {
    const flags = ['--announce-issuer=https://next.example', '--move-issuer-from=https://old.example']
    expect(read([url, ...flags])).toMatchObject({
      ...{ announceIssuer: 'https://next.example', moveIssuerFrom: 'https://old.example' },
    })
  })

  it('names all mistakes at once', () => {
    const found = mistakes(
      [
        '--issuer-url=http://issuer.example',
        '--max-ttl=0',
        '--jwks-alias=jwks',
        '--nonsense',
        '--tls-cert=/a',
      ],
      { WID_LOG_LEVEL: 'loud', WID_STOER: 'x' },
    )
    for (const name of [
      'issuer-url',
      'max-ttl',
      'jwks-alias',
      'nonsense',
      'tls-cert',
      'log-level',
      'WID_STOER',
    ]) {
      expect(found.join('\n')).toContain(name)
    }
    expect(found).toHaveLength(7)
  })

  it.each<[string, readonly string[], RegExp]>([
    ['no source of an issuer URL', [], /issuer URL is not known/],
    ['a trailing slash', ['--issuer-url=https://issuer.example/'], /must be "https:\/\/issuer.example"/],
    ['http beyond loopback', ['--issuer-url=http://issuer.example'], /must be https/],
    ['a wildcard as first TLS name', ['--tls-name=*.example'], /host name "\*\.example"/],
    ['a port in a TLS name', ['--tls-name=a.example:443'], /host name "a\.example:443"/],
    [
      'an announcement of the issuer URL',
      [url, `--announce-issuer=${url.slice(13)}`],
      /--announce-issuer names/,
    ],
    ['a move to where it is', [url, `--move-issuer-from=${url.slice(13)}`], /--move-issuer-from names/],
    ['an announced URL beyond https', [url, '--announce-issuer=http://b.example'], /must be https/],
    ['an organization ID with a colon', [url, '--organization-id=a:b'], /organization_id must consist of/],
    ['an empty cluster ID', [url, '--cluster-id='], /must not be empty/],
    ['a default audience with a space', [url, '--default-audience=a b'], /visible ASCII/],
    ['an allowed audience twice', [url, '--allowed-audience=a', '--allowed-audience=a'], /given twice/],
    [
      'a default audience that is not allowed',
      [url, '--default-audience=a', '--allowed-audience=b'],
      /default audience is not one of the allowed/,
    ],
    ['a TTL below 60 s', [url, '--default-ttl=59'], /from 1m to 1d/],
    ['a maximum TTL above a day', [url, '--max-ttl=86401'], /from 1m to 1d/],
    ['a default TTL above the maximum', [url, '--default-ttl=2h', '--max-ttl=1h'], /default TTL is 7200 s/],
    [
      'another store engine',
      [url, '--store=postgres://localhost'],
      /must be file:<dir>, sqlite:<path>, redis/,
    ],
    ['an unknown signing algorithm', [url, '--signing-algorithm=HS256'], /must be one of RS256/],
    [
      'a short --publish-ahead',
      [url, '--publish-ahead=1h'],
      /--publish-ahead \(3600 s\) must be at least 2 × --jwks-max-age/,
    ],
    [
      'a short --active-for',
      [url, '--active-for=24h'],
      /--active-for \(86400 s\) must be more than --publish-ahead/,
    ],
    [
      'a short --keep-retired',
      [url, '--keep-retired=86879'],
      /--keep-retired \(86879 s\) must be at least --max-ttl .* 86880 s/,
    ],
    ['a --jwks-max-age below 60 s', [url, '--jwks-max-age=59'], /from 1m to 1d/],
    ['an alias that is not absolute', [url, '--jwks-alias=jwks'], /must be an absolute path/],
    ['an alias with a query', [url, '--jwks-alias=/jwks?a'], /must be an absolute path/],
    ['an alias with a pattern', [url, '--jwks-alias=/:any'], /must be an absolute path/],
    ['an alias with a trailing slash', [url, '--jwks-alias=/jwks/'], /must be an absolute path/],
    ['an alias with a dot segment', [url, '--jwks-alias=/a/../jwks'], /must be an absolute path/],
    ['an alias of the JWKS itself', [url, '--jwks-alias=/.well-known/jwks.json'], /is served already/],
    ['an alias twice', [url, '--jwks-alias=/a', '--jwks-alias=/a'], /the path \/a is served already/],
    ['a token listener in plain text', [url, '--token-listen=0.0.0.0:1'], /--allow-plaintext token/],
    ['a control listener in plain text', [url, '--control-listen=10.0.0.1:1'], /--allow-plaintext control/],
    [
      'plain text allowed for the other listener',
      [url, '--control-listen=10.0.0.1:1', '--allow-plaintext=token'],
      /--allow-plaintext control/,
    ],
    ['--allow-plaintext public', [url, '--allow-plaintext=public'], /must be one of control, token/],
    ['a certificate without key', [url, '--tls-cert=/a'], /give both or neither/],
    ['a key without certificate', [url, '--public-tls-key=/a'], /give both or neither/],
    [
      'two listeners on one address',
      [url, '--token-listen=127.0.0.1:8080'],
      /two listeners have the address/,
    ],
    [
      'a token URL without path',
      [url, '--token-url=https://tokens.example'],
      /whole URL of the token endpoint/,
    ],
    [
      'a token URL with a query',
      [url, '--token-url=https://tokens.example/v1/token?a=b'],
      /without user, password, query/,
    ],
    [
      'a trusted proxy that is no range',
      [url, '--trusted-proxy=proxy.example'],
      /must be an IP address or a range/,
    ],
    [
      'how to adopt keys and not from where',
      [url, '--adopt-mode=graceful'],
      /--adopt-keys does not say from where/,
    ],
    [
      'a missing registration file',
      [url, '--registration-file=/nowhere/r.json'],
      /cannot read .* \(ENOENT\)/,
    ],
  ])('refuses %s', (_, argv, message) => {
    const found = mistakes(argv)
    expect(found.join('\n')).toMatch(message)
    expect(found).toHaveLength(1)
  })

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /is not JSON/],
    ['an array', [], /must hold a JSON object/],
    ['an unknown member', { hostname: 'a.example', clusterId: 'c' }, /unknown member "clusterId"/],
    ['an empty ID', { hostname: 'a.example', cluster_id: '' }, /empty cluster_id/],
    ['a number', { hostname: 5 }, /hostname that is not a text/],
    [
      'an ID with a colon',
      { hostname: 'a.example', organization_id: 'a:b' },
      /organization_id that must consist/,
    ],
    ['a hostname that is a URL', { hostname: 'https://a.example' }, /host name "https:\/\/a\.example"/],
  ])('refuses a registration file with %s', (_, content, message) => {
    expect(mistakes([writeRegistration(content)]).join('\n')).toMatch(message)
  })

  it('does not fall back to a TLS name when the registration is wrong', () => {
    expect(mistakes([writeRegistration('{'), '--tls-name=a.example'])).toHaveLength(1)
  })

  it('refuses TLS files that cannot be read', () => {
    const missing = join(folder, 'missing.pem')
    expect(mistakes([url, `--tls-cert=${missing}`, `--tls-key=${missing}`])).toHaveLength(1)
  })
})

describe('readConfig of sealing', () => {
  it('keeps where keys are, the first one first, and none of them', () => {
    const keys = ['first', 'second'].map((name) => join(folder, name))
    for (const path of keys) writeFileSync(path, 'k'.repeat(43), { mode: 0o600 })
    const { sealing } = read([
      url,
      ...keys.map((path) => `--key-encryption-key-file=${path}`),
      '--sealing=adopt',
    ])
    expect(sealing.mode).toBe('adopt')
    expect(sealing.keys.map(({ where }) => where)).toStrictEqual(keys)
    expect(JSON.stringify(sealing)).not.toContain('kkk')
    expect(read([url], { WID_KEY_ENCRYPTION_KEY_FILE: keys.join(',') }).sealing.keys).toHaveLength(2)
  })

  it('refuses a mode without a key, and names each key that cannot be read', () => {
    expect(mistakes([url, '--sealing=remove'])).toMatchObject([expect.stringMatching(/needs the key/)])
    const path = join(folder, 'open')
    writeFileSync(path, 'k'.repeat(43), { mode: 0o644 })
    const flags = [path, join(folder, 'missing'), 'env:NOT_SET', 'credential:none', 'credential:../x']
    expect(mistakes([url, ...flags.map((text) => `--key-encryption-key-file=${text}`)])).toHaveLength(1)
    const problems = mistakes([url, ...flags.slice(0, 4).map((text) => `--key-encryption-key-file=${text}`)])
    expect(problems).toHaveLength(4)
    for (const problem of problems) expect(problem).toMatch(/^--key-encryption-key-file /)
  })

  it('tells of a file that holds no key with all other mistakes, and does not quote it', () => {
    const path = join(folder, 'no-key')
    writeFileSync(path, 'hunter2', { mode: 0o600 })
    const missing = join(folder, 'missing')
    const flags = [path, missing].map((text) => `--key-encryption-key-file=${text}`)
    const problems = mistakes([url, ...flags])
    expect(problems.map((problem) => problem.replace(/^.*?: /, ''))).toStrictEqual([
      `${path}: a key-encryption key is 32 random bytes as base64url (43 characters) or hexadecimal digits (64), and nothing else`,
      `${missing} cannot be read (ENOENT)`,
    ])
  })
})
