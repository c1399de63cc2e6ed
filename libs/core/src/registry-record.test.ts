import { describe, expect, it } from 'vitest'
import { parseRunnerRecord, parseSandboxRecord } from './registry-record.ts'

const secrets = [{ sha256: 'a'.repeat(64) }]
const sandbox = { sandbox_id: 'billing-1', app: 'billing', secrets, created_at: 1_767_225_600, revision: 1 }
const runner = { runner_id: 'node-1', secrets, created_at: 1_767_225_600, revision: 1 }

describe('parseSandboxRecord', () => {
  it('gives a record with all its members, those of a newer release too', () => {
    const whole = {
      ...sandbox,
      runner_id: 'node-1',
      expires_at: 1_767_225_700,
      allowed_audiences: ['vault'],
      max_ttl: 60,
      subject: 'app',
      secrets: [{ sha256: 'b'.repeat(64), valid_until: 1_767_225_650 }],
      token_files: [{ name: 'token' }],
    }
    expect(parseSandboxRecord(JSON.stringify(whole))).toEqual(whole)
    expect(parseSandboxRecord(JSON.stringify({ ...sandbox, app: '' }))).toEqual({ ...sandbox, app: '' })
  })

  it.each([
    ['text that is not JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ...Object.entries<unknown>({
      sandbox_id: 'a:b',
      app: 'a b',
      runner_id: '',
      secrets: [{ sha256: 'A'.repeat(64) }],
      created_at: -1,
      expires_at: 1.5,
      revision: 0,
      allowed_audiences: [],
      max_ttl: '60',
      subject: 'organization',
    }).map(([name, value]) => [`a wrong ${name}`, JSON.stringify({ ...sandbox, [name]: value })]),
    ...Object.keys(sandbox).map((name) => [`no ${name}`, JSON.stringify({ ...sandbox, [name]: undefined })]),
  ])('takes %s for no record', (_, text) => {
    expect(parseSandboxRecord(text)).toBeUndefined()
  })
})

describe('parseRunnerRecord', () => {
  it('gives a record with all its members', () => {
    const whole = { ...runner, token_url: 'http://127.0.0.1:7133/v1/token' }
    expect(parseRunnerRecord(JSON.stringify(whole))).toEqual(whole)
  })

  it.each([
    ['a sandbox', JSON.stringify(sandbox)],
    ['a wrong token_url', JSON.stringify({ ...runner, token_url: 1 })],
    ['a secret without a hash', JSON.stringify({ ...runner, secrets: [{}] })],
  ])('takes %s for no record', (_, text) => {
    expect(parseRunnerRecord(text)).toBeUndefined()
  })
})
