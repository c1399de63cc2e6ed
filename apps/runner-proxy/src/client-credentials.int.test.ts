import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSecret } from '@workload-identity/core'
import { createSecretReader } from '@workload-identity/service'
import { afterAll, describe, expect, it } from 'vitest'
import { createTestAuthority } from '../test/test-authority.ts'
import { isSameTls, readClientTls, readRunnerSecret } from './client-credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'wid-credentials-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const authority = createTestAuthority(folder)
const { caFile } = authority
const { certFile, keyFile } = authority.sign('tls', 'subjectAltName=DNS:localhost\n')

describe('readRunnerSecret', () => {
  const read = (text: string) => {
    const name = join(folder, 'secret')
    writeFileSync(name, text, { mode: 0o600 })
    return readRunnerSecret(createSecretReader({ kind: 'file', name }, {}))
  }

  it('gives the secret of a runner without the line end', () => {
    const secret = generateSecret('runner')
    expect(read(`${secret}\n`)).toBe(secret)
  })

  it.each([
    ['of a sandbox', generateSecret('sandbox')],
    ['of an admin', generateSecret('admin')],
    ['cut off', generateSecret('runner').slice(0, -1)],
    ['twice', `${generateSecret('runner')}\n${generateSecret('runner')}`],
  ])('refuses one %s without quoting it', (_, text) => {
    expect(() => read(text)).toThrow(/does not hold the secret of a runner/)
    expect(() => read(text)).not.toThrow(new RegExp(text.slice(0, 12)))
  })
})

describe('readClientTls', () => {
  it('reads the authority, and the pair when there is one', () => {
    const ca = readClientTls({ caPath: caFile })
    expect(Object.keys(ca)).toEqual(['ca'])
    const all = readClientTls({ caPath: caFile, pair: { certPath: certFile, keyPath: keyFile } })
    expect(Object.keys(all)).toEqual(['ca', 'cert', 'key'])
    expect(isSameTls(all, { ...all })).toBe(true)
    expect(isSameTls(all, ca)).toBe(false)
  })

  it('names a file that holds something else', () => {
    expect(() => readClientTls({ caPath: keyFile })).toThrow(`${keyFile} holds no PEM certificates`)
    expect(() => readClientTls({ caPath: join(folder, 'none') })).toThrow(/ENOENT/)
  })
})
