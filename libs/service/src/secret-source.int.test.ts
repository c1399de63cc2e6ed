import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSecretReader, parseSecretSource } from './secret-source.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-secret-'))
  execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')])
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}
const read = (text: string, env: Record<string, string> = {}) =>
  createSecretReader(parseSecretSource(text), env).read()

describe('createSecretReader', () => {
  it('reads a file, a systemd credential and an environment variable, without the line end', () => {
    const path = write('key', 'secret\r\n')
    expect(read(path)).toBe('secret')
    expect(read('credential:key', { CREDENTIALS_DIRECTORY: folder })).toBe('secret')
    expect(read('env:MY_KEY', { MY_KEY: 'secret\n' })).toBe('secret')
  })

  it.each([0o640, 0o604, 0o620, 0o610])('refuses a file of mode %o and says what to do', (mode) => {
    expect(() => read(write('open', 'secret', mode))).toThrow(/gives others .* chmod 600/)
  })

  it('accepts a credential that its group may read, as systemd shows an access control list, and nothing more', () => {
    const env = { CREDENTIALS_DIRECTORY: folder }
    write('group', 'secret', 0o440)
    expect(read('credential:group', env)).toBe('secret')
    write('group', 'secret', 0o444)
    expect(() => read('credential:group', env)).toThrow(/gives others/)
    write('group', 'secret', 0o460)
    expect(() => read('credential:group', env)).toThrow(/gives others/)
  })

  it.each<[string, string, RegExp]>([
    ['a missing file', 'missing', /cannot be read \(ENOENT\)/],
    ['a folder', '.', /is not a file/],
    ['a pipe, without waiting for a writer', 'pipe', /is not a file/],
    ['an empty file', 'empty', /is empty/],
    ['a file that is too long', 'long', /too long/],
  ])('refuses %s', (_name, name, reason) => {
    write('empty', ' \n')
    write('long', 'x'.repeat(65_537))
    expect(() => read(join(folder, name))).toThrow(reason)
  })

  it('refuses a credential without a credentials directory, and an unset or empty variable', () => {
    expect(() => read('credential:key')).toThrow(/LoadCredential=key/)
    expect(() => read('env:NOT_SET')).toThrow(/is not set/)
    expect(() => read('env:EMPTY', { EMPTY: ' ' })).toThrow(/is not set, or empty/)
  })
})

describe('parseSecretSource', () => {
  it.each(['', 'credential:', 'credential:../key', 'credential:..', 'env:', 'env:A=B', 'env:1A', 'a\0b'])(
    'refuses %j',
    (text) => {
      expect(() => parseSecretSource(text)).toThrow(/must/)
    },
  )

  it('takes everything else for a path', () => {
    expect(parseSecretSource('./environment:x')).toStrictEqual({ kind: 'file', name: './environment:x' })
  })
})
