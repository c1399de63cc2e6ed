import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSecret } from '@workload-identity/core'
import { SettingsError } from '@workload-identity/settings'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig, type RunnerProxyConfig } from '../src/config.ts'
import { createTestAuthority } from './test-authority.ts'

const folder = mkdtempSync(join(tmpdir(), 'wid-proxy-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string, mode = 0o600) => {
  writeFileSync(join(folder, name), text, { mode })
  return join(folder, name)
}
const secret = generateSecret('runner')
const secretFile = write('secret', `${secret}\n`)
const authority = createTestAuthority(folder)
const { caFile } = authority
const { certFile, keyFile } = authority.sign('tls', 'subjectAltName=DNS:localhost\n')

const read = (
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  proof: readonly string[] = [`--runner-secret-file=${secretFile}`],
): RunnerProxyConfig => {
  const usual = ['--issuer-control-url=http://127.0.0.1:7124', '--runner-id=node-1']
  const reading = readConfig([...usual, ...proof, ...flags], env)
  if (reading.kind !== 'config') throw new TypeError('a text was asked for')
  return reading.config
}
const problemsOf = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
  return ''
}

describe('readConfig', () => {
  it('needs the issuer, the runner and its proof, and has a default for all else', () => {
    const { runnerSecret, ...config } = read([])
    expect(config).toEqual({
      issuerControlUrl: 'http://127.0.0.1:7124',
      allowsPlaintextIssuer: false,
      runnerId: 'node-1',
      maxAssignmentAge: 1800,
      tokenListen: { kind: 'tcp', host: '127.0.0.1', port: 7133 },
      controlListen: { kind: 'tcp', host: '127.0.0.1', port: 7134 },
      trustedProxies: [],
      logLevel: 'info',
    })
    expect(runnerSecret?.read()).toBe(secret)
  })

  it('tells all mistakes at once', () => {
    const text = problemsOf(() => readConfig(['--max-assignment-age=9', '--log-level=loud'], {}))
    expect(text).toMatch(/--issuer-control-url/)
    expect(text).toMatch(/--runner-id/)
    expect(text).toMatch(/--max-assignment-age/)
    expect(text).toMatch(/--log-level/)
    expect(text).toMatch(/nothing proves this runner/)
  })

  it('takes a client certificate instead of a secret, never both', () => {
    const certificate = [`--tls-cert=${certFile}`, `--tls-key=${keyFile}`]
    const tls = ['--issuer-control-url=https://issuer.example', `--tls-ca=${caFile}`]
    const config = read([...tls, ...certificate], {}, [])
    expect(config.runnerSecret).toBeUndefined()
    expect(config.clientTls).toEqual({
      caPath: caFile,
      pair: { certPath: certFile, keyPath: keyFile },
    })
    expect(problemsOf(() => read([...tls, ...certificate]))).toMatch(/both prove this runner/)
    expect(problemsOf(() => read(certificate, {}, []))).toMatch(/--tls-cert is for an issuer at https/)
    expect(problemsOf(() => read([...tls, `--tls-cert=${certFile}`], {}, []))).toMatch(/belong together/)
  })

  it.each([
    ['a file open to others', () => write('open', secret, 0o644), /permissions on a secret/],
    ['no file', () => join(folder, 'nowhere'), /cannot be read \(ENOENT\)/],
    ['an empty file', () => write('empty', '\n'), /is empty/],
    ['an admin token', () => write('admin', generateSecret('admin')), /does not hold the secret of a runner/],
  ])('refuses %s as the secret, and quotes nothing of it', (_, make, message) => {
    const text = problemsOf(() => read([], {}, [`--runner-secret-file=${make()}`]))
    expect(text).toMatch(message)
    expect(text).not.toMatch(/wi[ra]_[A-Za-z0-9_-]{8}/)
  })

  it('reads the secret from a systemd credential and from the environment', () => {
    const credential = read([], { CREDENTIALS_DIRECTORY: folder }, ['--runner-secret-file=credential:secret'])
    expect(credential.runnerSecret?.read()).toBe(secret)
    const variable = read([], { RUNNER_SECRET: secret }, ['--runner-secret-file=env:RUNNER_SECRET'])
    expect(variable.runnerSecret?.read()).toBe(secret)
  })

  it('sends nothing in plain text beyond loopback unless told to', () => {
    const exposed = ['--issuer-control-url=http://issuer.example']
    expect(problemsOf(() => read(exposed))).toMatch(/in plain text: use https, or --allow-plaintext issuer/)
    expect(read([...exposed, '--allow-plaintext=issuer']).issuerControlUrl).toBe('http://issuer.example')
  })

  it.each(['token', 'control'] as const)('guards the %s listener beyond loopback', (name) => {
    const listen = `--${name}-listen=0.0.0.0:1`
    expect(problemsOf(() => read([listen]))).toMatch(
      new RegExp(`--token-tls-cert and --token-tls-key, or --allow-plaintext ${name}`),
    )
    expect(read([listen, `--allow-plaintext=${name}`]).tls).toBeUndefined()
    const tls = [`--token-tls-cert=${certFile}`, `--token-tls-key=${keyFile}`]
    expect(read([listen, ...tls]).tls).toEqual({ certPath: certFile, keyPath: keyFile })
  })

  it('refuses files that are no certificates, and two listeners on one address', () => {
    expect(problemsOf(() => read(['--issuer-control-url=https://a.example', `--tls-ca=${keyFile}`]))).toMatch(
      /holds no PEM certificates/,
    )
    expect(problemsOf(() => read(['--control-listen=127.0.0.1:7133']))).toMatch(/two listeners/)
  })

  it('keeps token files only where it is told, and runs only a program that can be run', () => {
    expect(read([]).tokenFiles).toBeUndefined()
    const tokenFiles = [
      '--token-file-group=sandboxes',
      '--write-tokens-in-place',
      `--on-refresh=${secretFile}`,
    ]
    const text = problemsOf(() => read(tokenFiles))
    expect(text).toMatch(/--token-file-group is about token files, and --token-dir does not say/)
    expect(text).toMatch(/--write-tokens-in-place is about token files/)
    expect(text).toMatch(/is not a program that can be run/)
    const config = read(['--token-dir=/run/tokens', '--token-file-user=0', '--on-refresh=/bin/sh'], {
      PATH: '/bin',
      AWS_SECRET_ACCESS_KEY: 'x',
    })
    expect(config.tokenFiles).toEqual({
      directory: '/run/tokens',
      user: '0',
      writeInPlace: false,
      onRefresh: { program: '/bin/sh', environment: { PATH: '/bin' } },
    })
  })

  it('names the flags in its help', () => {
    const reading = readConfig(['--help'], {})
    expect(reading).toMatchObject({ kind: 'text', text: expect.stringContaining('--max-assignment-age') })
  })
})
