import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyExamples } from '../docs/examples/key-examples.ts'
import { runKeysProgram } from './keys-program.ts'

// The answers are the examples of the OpenAPI document, which a test compares with those of the real issuer; what the
// program does to one is shown by the tests of docs/guides/keys.md.

const signing = 'o0DY0Ka7zW3OKJWTnlTNzVyhTyB1rWMDjbzvS_hQsKg'
const next = 'Xb0Z9J8g5rS3cX6mF0qz7YtPq4nS1b2hVwUe6dKcLrE'
let folder: string
let answer: { readonly status: number; readonly body: unknown }
let asked: string[]
const server = createServer((request, response) => void reply(request, response))

async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request)
  asked.push(
    `${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''} ${body}`.trim(),
  )
  response.writeHead(answer.status).end(answer.body === undefined ? '' : JSON.stringify(answer.body))
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wid-keys-'))
  writeFileSync(join(folder, 'admin-token'), '# ours\nada admin wia_token\n')
  asked = []
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  rmSync(folder, { recursive: true })
})

function run(...argv: readonly string[]) {
  const { port } = server.address() as AddressInfo
  return runAt(`http://127.0.0.1:${port}/`, ...argv)
}

async function runAt(controlUrl: string, ...argv: readonly string[]) {
  const output = { stdout: '', stderr: '' }
  const where = ['--control-url', controlUrl, '--admin-token-file', join(folder, 'admin-token')]
  const exitCode = await runKeysProgram([...argv, ...where], {
    write: (chunk) => (output.stdout += chunk),
    writeError: (chunk) => (output.stderr += chunk),
  })
  return { exitCode, ...output }
}

function shown(operation: string, name: string): void {
  const example = keyExamples[operation]?.[name]
  if (example === undefined) throw new Error('there is no such example')
  answer = { status: example.status, body: example.answer }
}

describe('runKeysProgram', () => {
  it('lists keys as a table without empty columns', async () => {
    shown('listKeys', 'oneKey')
    expect(await run('list')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        `kid${' '.repeat(42)}alg    state   origin     published             signs since`,
        `${signing}  RS256  active  generated  2026-01-01T00:00:00Z  2026-01-01T00:00:00Z`,
        '',
      ].join('\n'),
    })
    expect(asked).toEqual(['GET /v1/keys Bearer wia_token'])
  })

  it('shows dates with what they follow from, and the rules', async () => {
    shown('planRotation', 'young')
    const { stdout } = await run('plan')
    expect(stdout).toMatch(/^It is 2026-01-01T00:01:00Z; new keys are RS256.\n\nwhen +what +key +because\n/)
    expect(stdout).toMatch(
      /^2026-01-30T00:00:00Z {2}published {2}\(the next key\) {2}key .* \(publishAhead\)$/m,
    )
    expect(stdout).toMatch(/^holds +86400 >= 50820 +publishAhead \(86400 s\) must be at least/m)
  })

  it('prints what the issuer answered with --json', async () => {
    shown('planRotation', 'young')
    expect(JSON.parse((await run('plan', '--json')).stdout)).toEqual(answer.body)
  })

  it.each([
    [
      'published',
      [],
      `published ${next}; rotate again from 2026-01-02T00:00:00Z on to let it sign\n${signing} signs until then\n`,
    ],
    [
      'waiting',
      [],
      `${next} is published and waits; rotate again from 2026-01-02T00:00:00Z on to let it sign\n${signing} signs until then\n`,
    ],
    [
      'forced',
      ['--force'],
      `${next} signs from now on\nverifiers that cached the keys may refuse its tokens until 2026-01-01T14:07:00Z\n`,
    ],
  ])('says what a rotation came to: %s', async (name, flags, stdout) => {
    shown('rotateKeys', name)
    expect(await run('rotate', ...flags)).toEqual({ exitCode: 0, stderr: '', stdout })
  })

  it('sends what it was told, and no more', async () => {
    shown('rotateKeys', 'forced')
    await run('rotate')
    await run('rotate', '--force', '--expected-active-kid', signing)
    shown('revokeKey', 'signing')
    await run('revoke', next, '--reason', 'leaked')
    answer = { status: 204, body: undefined }
    expect((await run('remove', next, '--force')).stdout).toBe(`removed ${next}\n`)
    expect(asked).toEqual([
      'POST /v1/keys/rotate Bearer wia_token {}',
      `POST /v1/keys/rotate Bearer wia_token {"force":true,"expected_active_kid":"${signing}"}`,
      `POST /v1/keys/${next}/revoke Bearer wia_token {"reason":"leaked"}`,
      `DELETE /v1/keys/${next}?force=true Bearer wia_token`,
    ])
  })

  it('says until when a revoked key may be accepted, and which key signs', async () => {
    shown('revokeKey', 'signing')
    expect((await run('revoke', next)).stdout).toMatch(
      /^revoked Xb0Z.*until 2026-01-01T14:07:00Z\nr7Tg.* signs from now on \(created\)\nverifiers .*\n$/,
    )
  })

  it('ends with 1 and the sentence of the issuer when that refuses', async () => {
    shown('rotateKeys', 'anotherSigns')
    const { exitCode, stderr } = await run('rotate', '--expected-active-kid', next)
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^keys: POST \/v1\/keys\/rotate answered 409: key .* signs since/),
    ])
  })

  it('says where it got no answer, and how to name another address', async () => {
    const way = 'is the issuer running? set --control-url to its control listener\n'
    expect(await runAt(`unix:${folder}/none.sock`, 'list')).toEqual({
      ...{ exitCode: 1, stdout: '' },
      stderr: `keys: no answer from unix:${folder}/none.sock (ENOENT): ${way}`,
    })
    expect(await runAt('http://127.0.0.1:1/', 'list')).toMatchObject({
      stderr: `keys: no answer from http://127.0.0.1:1 (ECONNREFUSED): ${way}`,
    })
  })

  it('takes an answer that no control listener gives for that of another one, but a missing key for itself', async () => {
    answer = { status: 404, body: { error: 'not_found', error_description: 'there is nothing here' } }
    const { exitCode, stderr } = await run('list')
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/is not the control listener; --control-url/),
    ])
    answer = { status: 404, body: { error: 'not_found', error_description: 'there is no key with this ID' } }
    expect((await run('revoke', 'k')).stderr).toMatch(/there is no key with this ID\n$/)
  })

  it('tells all mistakes at once', async () => {
    rmSync(join(folder, 'admin-token'))
    expect(await runAt('foo', 'list')).toMatchObject({
      exitCode: 78,
      stderr: expect.stringMatching(/^keys: --control-url must be .*\nkeys: .*ENOENT.*--admin-token-file\n$/),
    })
  })

  it('ends with 78 for a mistake in the arguments, and for an admin-token file that cannot be used', async () => {
    expect((await run('revoke')).exitCode).toBe(78)
    expect((await run('list', 'x', 'y')).exitCode).toBe(78)
    writeFileSync(join(folder, 'admin-token'), '# nobody\n')
    expect(await run('list')).toMatchObject({ exitCode: 78, stderr: expect.stringMatching(/no admin token/) })
    rmSync(join(folder, 'admin-token'))
    expect(await run('list')).toMatchObject({ exitCode: 78, stderr: expect.stringMatching(/ENOENT/) })
    expect(asked).toEqual([])
  })
})
