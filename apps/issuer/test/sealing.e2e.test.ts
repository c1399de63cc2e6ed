import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestFolder, runIssuer, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { createReplicas } from './redis-replicas.ts'
import { sendRequest } from './send-request.ts'

const heal = { timeout: 30_000, interval: 50 }
const sealedSentence = 'every record is sealed as configured'

function createKey(folder: string, name: string, encoding: 'base64url' | 'hex' = 'base64url') {
  const path = join(folder, name)
  const text = randomBytes(32).toString(encoding)
  writeFileSync(path, `${text}\n`, { mode: 0o600 })
  return { path, text, flag: `--key-encryption-key-file=${path}` }
}

async function fetchJwks(issuer: IssuerProcess): Promise<JSONWebKeySet> {
  return (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).json as JSONWebKeySet
}

async function readiness(issuer: IssuerProcess): Promise<string> {
  return (await sendRequest(issuer.ready.control, '/readyz')).text
}

async function expectMint(issuer: IssuerProcess, secret: string): Promise<string> {
  await expect.poll(async () => (await issuer.mint(secret)).status, heal).toBe(200)
  return ((await issuer.mint(secret)).json as { value: string }).value
}

describe('replicas whose store is sealed while they run', { timeout: 120_000 }, () => {
  it('lose nothing when a key is set, changed and taken away, and fail closed without it', async () => {
    const replicas = await createReplicas()
    const [first, second] = [createKey(replicas.folder, 'kek-1'), createKey(replicas.folder, 'kek-2', 'hex')]
    const [plainA, plainB] = [await replicas.start(), await replicas.start()]
    expect(plainA.output()).toContain(
      'the store is not sealed: whoever can write it can add keys and secrets',
    )
    const { secret } = await plainA.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    const before = await expectMint(plainB, secret)
    const jwks = await fetchJwks(plainA)

    // One replica gets the key; the other one cannot read what it seals, says so, and refuses rather than guess.
    await plainA.stop()
    const sealing = await replicas.start([first.flag, '--sealing=adopt'])
    await sealing.waitForLog(({ msg }) => msg === sealedSentence)
    await plainB.waitForLog(
      ({ level, msg }) => level === 'error' && /key ring cannot be read/.test(String(msg)),
    )
    expect(await readiness(plainB)).toContain('ERR_SEAL_KEY_UNKNOWN')
    await expect.poll(async () => (await plainB.mint(secret)).status, heal).toBe(503)
    await expectMint(sealing, secret)
    await plainB.stop()

    const changing = await replicas.start([second.flag, first.flag])
    await changing.waitForLog(({ msg, resealed }) => msg === sealedSentence && resealed === 1)
    expect((await sendRequest(changing.ready.control, '/metrics')).text).toMatch(/^wid_records_to_seal 0$/m)
    await expect.poll(async () => (await sealing.mint(secret)).status, heal).toBe(503)
    await sealing.stop()
    await changing.register({ sandbox_id: 'later', app: 'billing' })
    await changing.stop()

    const removing = await replicas.start([second.flag, '--sealing=remove'])
    await removing.waitForLog(({ msg, resealed }) => msg === sealedSentence && resealed === 2)
    const after = await expectMint(removing, secret)
    const plain = await replicas.start()
    await expectMint(plain, secret)
    expect(await fetchJwks(plain)).toEqual(jwks)
    for (const token of [before, after]) {
      expect((await jwtVerify(token, createLocalJWKSet(jwks))).payload.sub).toBe(
        'app:billing:sandbox:billing-7f9c',
      )
    }
    const said = [plainA, plainB, sealing, changing, removing, plain]
      .map((issuer) => issuer.output())
      .join('')
    for (const { text } of [first, second]) expect(said).not.toContain(text)
  })
})

describe('an issuer with a key-encryption key', { timeout: 60_000 }, () => {
  it('reads it from a file, a systemd credential or the environment, and keeps it out of sight', async () => {
    const folder = await createTestFolder()
    const key = createKey(folder, 'kek')
    const issuer = await startIssuer({ folder, flags: [key.flag] })
    expect(issuer.output()).toContain('the store is sealed')
    const { secret } = await issuer.register({ sandbox_id: 'a', app: 'billing' })
    const seen = issuer.output() + readFileSync(`/proc/${issuer.pid}/cmdline`, 'utf8')
    await issuer.stop()
    const others = [
      { flags: ['--key-encryption-key-file=credential:kek'], env: { CREDENTIALS_DIRECTORY: folder } },
      { flags: ['--key-encryption-key-file=env:MY_KEK'], env: { MY_KEK: key.text } },
    ]
    for (const other of others) {
      const again = await startIssuer({ folder, issuerUrl: issuer.issuerUrl, ...other })
      await expectMint(again, secret)
      expect(seen + again.output()).not.toContain(key.text)
      await again.stop()
    }
  })

  it('is not started with a wrong one, without it, or on a store that is not sealed', async () => {
    const folder = await createTestFolder()
    const [key, other] = [createKey(folder, 'kek'), createKey(folder, 'other')]
    const issuer = await startIssuer({ folder, flags: [key.flag] })
    await issuer.stop()
    const starts: readonly (readonly [flags: readonly string[], exitCode: number, reason: RegExp])[] = [
      [[], 78, /is sealed, and no key-encryption key is set.*\[ERR_SEAL_KEY_UNKNOWN\]/],
      [[other.flag], 78, /sealed with another key-encryption key.*add the one with the ID/],
      [
        [key.flag, `--store=sqlite:${join(folder, 'plain.db')}`],
        1,
        /not sealed.*--sealing adopt.*\[ERR_SEAL_MISSING\]/,
      ],
    ]
    const plain = await startIssuer({ folder, flags: [`--store=sqlite:${join(folder, 'plain.db')}`] })
    await plain.stop()
    const results = await Promise.all(
      starts.map(async ([flags, exitCode, reason]) => {
        const issuerUrl = flags.length === 2 ? plain.issuerUrl : issuer.issuerUrl
        const flagsApart = ['--public-listen=127.0.0.1:0', ...flags]
        const result = await runIssuer({ folder, issuerUrl, flags: flagsApart })
        return { ...result, expected: exitCode, reason }
      }),
    )
    for (const { exitCode, expected, stderr, stdout, reason } of results) {
      expect(stderr).toMatch(reason)
      expect(exitCode).toBe(expected)
      expect(stderr + stdout).not.toContain(other.text)
    }
  })
})
