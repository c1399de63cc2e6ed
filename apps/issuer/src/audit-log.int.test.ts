import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findAuditLogProblem, openAuditLog } from './audit-log.ts'

let folder: string
let path: string
let lines: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-audit-'))
  path = join(folder, 'audit.log')
  lines = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(at = path) {
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  return openAuditLog({ path: at, clock: createFixedClock().now, logger })
}

describe('openAuditLog', () => {
  it('appends one line of JSON with its time for each event, to a file of mode 0600', () => {
    writeFileSync(path, 'before\n', { mode: 0o644 })
    const log = open()
    log.write({ event: 'key_created', kid: 'k', alg: 'RS256' })
    log.write({ event: 'issuer_stopped', issuer: 'https://issuer.example' })
    log.close()
    expect(readFileSync(path, 'utf8').split('\n')).toEqual([
      'before',
      '{"time":"2026-01-01T00:00:00Z","event":"key_created","kid":"k","alg":"RS256"}',
      '{"time":"2026-01-01T00:00:00Z","event":"issuer_stopped","issuer":"https://issuer.example"}',
      '',
    ])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(log.failures()).toBe(0)
  })

  it('refuses a file that cannot be opened', () => {
    expect(() => open(join(folder, 'missing', 'audit.log'))).toThrow(
      /cannot be opened for appending \(ENOENT\)/,
    )
  })

  it('tells beforehand what would be refused, and makes nothing', () => {
    expect(findAuditLogProblem(path)).toBeUndefined()
    expect(existsSync(path)).toBe(false)
    writeFileSync(path, '')
    expect(findAuditLogProblem(path)).toBeUndefined()
    expect(findAuditLogProblem(folder)).toMatch(/cannot be opened for appending \(EISDIR\)/)
    expect(findAuditLogProblem(join(folder, 'missing', 'audit.log'))).toMatch(/\(ENOENT\)/)
    expect(findAuditLogProblem('/dev/full')).toBeUndefined()
  })

  it('counts and logs an event that cannot be written, and does not throw', () => {
    // A device that is always full stands in for a full disk.
    const log = open('/dev/full')
    log.write({ event: 'key_created', kid: 'k', alg: 'RS256' })
    log.write({ event: 'key_created', kid: 'k', alg: 'RS256' })
    expect(log.failures()).toBe(2)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('ENOSPC')
    log.close()
  })

  it('closes its file', () => {
    const log = open()
    log.close()
    const descriptor = openSync(path, 'r')
    log.write({ event: 'key_created', kid: 'k', alg: 'RS256' })
    closeSync(descriptor)
    expect(log.failures()).toBe(1)
  })
})
