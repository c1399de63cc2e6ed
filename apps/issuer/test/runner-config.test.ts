import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SettingsError } from '@workload-identity/settings'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig, type IssuerConfig } from '../src/config.ts'
import { createTestCertificates, type TestCertificates } from './test-certificates.ts'

const url = '--issuer-url=https://issuer.example'
let folder: string
let files: TestCertificates
let tls: readonly string[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-runner-config-'))
  files = createTestCertificates(folder)
  tls = [`--tls-cert=${files.certFile}`, `--tls-key=${files.keyFile}`]
})
afterAll(() => rmSync(folder, { recursive: true }))

function read(argv: readonly string[], env: Record<string, string> = {}): IssuerConfig {
  const reading = readConfig([url, ...argv], env)
  if (reading.kind !== 'config') throw new Error(`gave a text: ${reading.text}`)
  return reading.config
}

function mistakes(argv: readonly string[]): readonly string[] {
  try {
    read(argv)
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map((problem) => problem.message)
    throw error
  }
}

describe('--client-ca', () => {
  it('is taken with a certificate of the control listener', () => {
    expect(read([...tls, `--client-ca=${files.caFile}`]).clientCa).toBe(files.caFile)
    expect(read(tls)).not.toHaveProperty('clientCa')
  })

  it.each([
    ['without TLS', () => [`--client-ca=${files.caFile}`], 'give --tls-cert and --tls-key'],
    [
      'for a socket',
      () => [...tls, `--client-ca=${files.caFile}`, '--control-listen=unix:/run/control.sock'],
      'leave --client-ca out',
    ],
    ['with a missing file', () => [...tls, '--client-ca=/missing.pem'], '/missing.pem cannot be read'],
    ['with a key', () => [...tls, `--client-ca=${files.keyFile}`], 'holds no PEM certificate'],
    ['with no authority', () => [...tls, `--client-ca=${files.certFile}`], "not an authority's"],
  ])('is refused %s', (_what, flags, problem) => {
    expect(mistakes(flags())).toEqual([expect.stringContaining(problem)])
  })

  it('is refused with a broken certificate behind a good one', () => {
    const path = join(folder, 'bundle.pem')
    writeFileSync(path, `${files.ca}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)
    expect(mistakes([...tls, `--client-ca=${path}`])).toEqual([expect.stringContaining('holds a broken')])
  })
})

describe('--system-workload', () => {
  const puller = { workload: 'puller', audiences: ['registry', 'mirror'], runners: ['node-1'] }
  const logs = { workload: 'logs', audiences: ['logs.example'] }

  it('is repeated as a flag, and divided by commas in the environment', () => {
    const texts = ['puller=registry;audience=mirror;runner=node-1', 'logs=logs.example']
    const flags = texts.map((text) => `--system-workload=${text}`)
    expect(read(flags).systemWorkloads).toEqual([puller, logs])
    expect(read([], { WID_SYSTEM_WORKLOAD: texts.join(', ') }).systemWorkloads).toEqual([puller, logs])
    expect(read([]).systemWorkloads).toEqual([])
  })

  it('is refused twice for a workload, and with an audience that no token may have', () => {
    expect(mistakes(['--system-workload=a=b', '--system-workload=a=c'])).toEqual([
      expect.stringContaining('the system workload a is configured twice'),
    ])
    expect(mistakes(['--system-workload=a=b;audience=c', '--allowed-audience=b'])).toEqual([
      expect.stringContaining('the audience c of the system workload a is not an allowed one'),
    ])
  })
})
