import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findAdminTokenProblem, findMissingAdminTokens, openAdminTokens } from './admin-tokens.ts'

const first = 'first-'.padEnd(32, '1')
const second = 'second-'.padEnd(32, '2')
let folder: string
let path: string
let lines: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-admin-'))
  path = join(folder, 'data', 'admin-token')
  lines = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(createWhenMissing = true) {
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  return openAdminTokens({ path, createWhenMissing, logger })
}

/** Replaces the file as an editor or a configuration management does: a new file under the old name. */
function replace(content: string, mode = 0o600): void {
  writeFileSync(`${path}.new`, content, { mode })
  chmodSync(`${path}.new`, mode)
  renameSync(`${path}.new`, path)
}

function openWith(content: string, mode = 0o600) {
  path = join(folder, 'admin-token')
  replace(content, mode)
  return open()
}

describe('openAdminTokens', () => {
  it('makes a missing file 0600 with a random token that works and is not logged', () => {
    const tokens = open()
    const token = readFileSync(path, 'utf8').trim()
    expect(token).toMatch(/^wia_[A-Za-z0-9_-]{43}$/)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    expect(tokens.authenticate(token)).toEqual({ name: 'admin', role: 'admin' })
    expect(lines.join('')).toContain(path)
    expect(lines.join('')).not.toContain(token)
  })

  it('makes no file when it may not, and refuses to start', () => {
    expect(() => open(false)).toThrow('does not exist')
    expect(existsSync(path)).toBe(false)
  })

  it('refuses at once to make a file where no folder can be made', () => {
    path = '/proc/nothing/admin-token'
    expect(() => open()).toThrow('is missing and cannot be made (ENOENT)')
  })

  it.each([
    ['has a token', 'x'.repeat(32), 0o600, undefined],
    ['has none', '', 0o600, /holds no token/],
    ['is open to others', 'x'.repeat(32), 0o644, /chmod 600/],
  ])('tells beforehand what is wrong with a file that %s', (_, content, mode, problem) => {
    path = join(folder, 'admin-token')
    replace(content, mode)
    const found = findAdminTokenProblem(path)
    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(problem)
    expect(findMissingAdminTokens(path, false)).toBeUndefined()
  })

  it('tells beforehand whether a missing file can be made, and makes nothing', () => {
    expect(findAdminTokenProblem(path)).toBeUndefined()
    expect(findMissingAdminTokens(path, true)).toBeUndefined()
    expect(findMissingAdminTokens(path, false)).toMatch(/does not exist: make it/)
    writeFileSync(join(folder, 'data'), '')
    expect(findAdminTokenProblem(path)).toMatch(/cannot be read \(ENOTDIR\)/)
    expect(existsSync(path)).toBe(false)
  })

  it('keeps an existing file', () => {
    expect(openWith(first).authenticate(first)).toBeDefined()
    expect(readFileSync(path, 'utf8')).toBe(first)
  })

  it.each([0o604, 0o640, 0o620, 0o602, 0o644])('refuses a file of mode %o and says chmod', (mode) => {
    expect(() => openWith(first, mode)).toThrow(/chmod 600/)
  })

  it.each([0o400, 0o600, 0o700])('accepts a file of mode %o', (mode) => {
    expect(openWith(first, mode).authenticate(first)).toBeDefined()
  })

  it('refuses a file without a token', () => {
    expect(() => openWith('# none\n')).toThrow('holds no token')
  })

  it('takes over a changed file', () => {
    const tokens = openWith(first)
    replace(`ops read ${second}`)
    tokens.refresh()
    expect(tokens.authenticate(first)).toBeUndefined()
    expect(tokens.authenticate(second)).toEqual({ name: 'ops', role: 'read' })
  })

  it.each([
    ['has a mistake in it', 'short', 0o600],
    ['is open to others', second, 0o644],
  ])('keeps the tokens of before when the changed file %s, and says so once', (_, content, mode) => {
    const tokens = openWith(first)
    replace(content, mode)
    tokens.refresh()
    tokens.refresh()
    expect(tokens.authenticate(first)).toBeDefined()
    expect(tokens.authenticate(second)).toBeUndefined()
    expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1)
  })

  it.each([
    ['is gone', () => rmSync(path)],
    ['was emptied', () => replace('')],
  ])('accepts no token any more when the file %s, and the new one when it is back', (_, takeAway) => {
    const tokens = openWith(first)
    takeAway()
    tokens.refresh()
    expect(tokens.authenticate(first)).toBeUndefined()
    replace(second)
    tokens.refresh()
    expect(tokens.authenticate(second)).toBeDefined()
  })

  it('never logs a token', () => {
    const tokens = openWith(first)
    replace(`a admin ${second} surplus`)
    tokens.refresh()
    expect(lines.join('')).not.toMatch(new RegExp(`${first}|${second}|surplus`))
  })
})
