import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestFolder, runIssuer, startIssuer, type FinishedProcess } from './issuer-process.ts'

const issuerUrl = 'http://127.0.0.1:8080'
const anyPort = '--public-listen=127.0.0.1:0'

/** A refusal is one readable text on stderr: no stack, and no `ready`. */
function expectRefusal({ exitCode, stdout, stderr }: FinishedProcess, code: number, sentence: RegExp): void {
  expect(stderr).toMatch(sentence)
  expect(stderr).toMatch(/^workload-identity-issuer: /)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(stdout).not.toContain('"ready"')
  expect(exitCode).toBe(code)
}

async function createStore(): Promise<string> {
  const folder = await createTestFolder()
  const issuer = await startIssuer({ folder, issuerUrl, flags: [anyPort] })
  expect(await issuer.stop()).toBe(0)
  return folder
}

describe('a start that is refused', () => {
  it.each([
    ['--help', /--issuer-url <url>/],
    ['--version', /^workload-identity-issuer \d+\.\d+\.\d+\n$/],
  ])('is none for %s: prints and exits with 0', async (flag, text) => {
    const { exitCode, stdout, stderr } = await runIssuer({ flags: [flag] })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(text)
  })

  it('names all mistakes of flags and environment at once and exits with 78', async () => {
    const finished = await runIssuer({
      flags: ['--max-ttl=1s', '--nonsense'],
      env: { WID_LOG_LEVEL: 'loud' },
    })
    expectRefusal(finished, 78, /--max-ttl/)
    expect(finished.stderr).toMatch(/nonsense/)
    expect(finished.stderr).toMatch(/WID_LOG_LEVEL/)
    expect(finished.stderr).toMatch(/issuer URL is not known/)
  })

  it('refuses a TCP listener for secrets beyond loopback without TLS, and exits with 78', async () => {
    const folder = await createTestFolder()
    const finished = await runIssuer({
      folder,
      flags: ['--token-listen=0.0.0.0:0', '--control-listen=0.0.0.0:0'],
    })
    expectRefusal(finished, 78, /--allow-plaintext token/)
    expect(finished.stderr).toMatch(/--allow-plaintext control/)
  })

  it('prints both URLs when the issuer URL is not the stored one, and exits with 78', async () => {
    const folder = await createStore()
    const finished = await runIssuer({ folder, issuerUrl: 'https://other.example', flags: [anyPort] })
    expectRefusal(finished, 78, /https:\/\/other\.example.*http:\/\/127\.0\.0\.1:8080/)
  })

  it('says so when another process has the port, and exits with 1', async () => {
    const folder = await createTestFolder()
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    onTestFinished(() => void blocker.close())
    const { port } = blocker.address() as AddressInfo
    const finished = await runIssuer({ folder, flags: [anyPort, `--control-listen=127.0.0.1:${port}`] })
    expectRefusal(finished, 1, new RegExp(`127\\.0\\.0\\.1:${port}.*in use`))
    // No ring was made for an issuer URL that may be another one at the next attempt.
    expect(existsSync(join(folder, 'issuer.db'))).toBe(false)
  })

  it('leaves a damaged database alone and exits with 1', async () => {
    const folder = await createStore()
    const path = join(folder, 'issuer.db')
    const damaged = readFileSync(path).fill(0xaa, 0, 4096)
    writeFileSync(path, damaged)
    expectRefusal(await runIssuer({ folder, flags: [anyPort] }), 1, /restore it from a backup/)
    expect(readFileSync(path).equals(damaged)).toBe(true)
  })

  it('leaves a damaged key ring alone and exits with 1 without quoting it', async () => {
    const folder = await createStore()
    editRing(folder, (document) => document.replace('"state": "active"', '"state": "lost"'))
    const finished = await runIssuer({ folder, flags: [anyPort] })
    expectRefusal(finished, 1, /ERR_(STORE_CORRUPT|KEY_RING_INVALID)/)
    expect(finished.stdout + finished.stderr).not.toContain('"d":')
  })

  it('does not run on a ring of a newer major schema and exits with 1', async () => {
    const folder = await createStore()
    editRing(folder, (document) => document.replace('"schema": "1.0"', '"schema": "2.0"'))
    expectRefusal(await runIssuer({ folder, flags: [anyPort] }), 1, /ERR_STORE_SCHEMA_NEWER/)
  })

  it('does not run on the ring of another cluster and exits with 1', async () => {
    const folder = await createStore()
    const finished = await runIssuer({ folder, flags: [anyPort, '--cluster-id=other'] })
    expectRefusal(finished, 1, /ring of cluster default.*cluster other/)
  })

  it('does not run on a database that others may read and exits with 1', async () => {
    const folder = await createStore()
    chmodSync(join(folder, 'issuer.db'), 0o644)
    expectRefusal(await runIssuer({ folder, flags: [anyPort] }), 1, /chmod 600/)
  })

  it('makes no key in an empty store with --require-keys and exits with 1', async () => {
    const folder = await createTestFolder()
    expectRefusal(await runIssuer({ folder, flags: [anyPort, '--require-keys'] }), 1, /keys are required/)
    expectRefusal(await runIssuer({ folder, flags: [anyPort, '--require-keys'] }), 1, /keys are required/)
  })

  it('says chmod for an admin-token file that others may read, exits with 78 and makes no store', async () => {
    const folder = await createTestFolder()
    const path = join(folder, 'admin-token')
    writeFileSync(path, 'x'.repeat(32))
    chmodSync(path, 0o644)
    const finished = await runIssuer({ folder, flags: [anyPort] })
    expectRefusal(finished, 78, /has mode 0644.*chmod 600/)
    expect(finished.stderr).not.toContain('xxxx')
    expect(existsSync(join(folder, 'issuer.db'))).toBe(false)
  })

  it('tells mistakes in files together with those of flags and environment, makes nothing and exits with 78', async () => {
    const folder = await createTestFolder()
    writeFileSync(join(folder, 'admin-token'), 'y'.repeat(31), { mode: 0o600 })
    const auditLog = `--audit-log=${folder}/missing/audit.log`
    const finished = await runIssuer({ folder, flags: ['--default-ttl=0', '--nonsense', auditLog] })
    expectRefusal(finished, 78, /^workload-identity-issuer: 4 mistakes in the settings/)
    for (const sentence of [
      /fewer than 32 characters/,
      /audit log .* \(ENOENT\)/,
      /--nonsense/,
      /default-ttl/,
    ]) {
      expect(finished.stderr).toMatch(sentence)
    }
    expect(readdirSync(folder)).toEqual(['admin-token'])
  })

  it('refuses a short admin token without showing it, and exits with 78', async () => {
    const folder = await createTestFolder()
    writeFileSync(join(folder, 'admin-token'), 'y'.repeat(31), { mode: 0o600 })
    const finished = await runIssuer({ folder, flags: [anyPort] })
    expectRefusal(finished, 78, /fewer than 32 characters/)
    expect(finished.stderr).not.toContain('yyyy')
  })

  it('refuses an audit log that cannot be opened, and exits with 78', async () => {
    const folder = await createTestFolder()
    const finished = await runIssuer({ folder, flags: [anyPort, `--audit-log=${folder}/missing/audit.log`] })
    expectRefusal(finished, 78, /audit log .* cannot be opened/)
  })
})

function editRing(folder: string, edit: (document: string) => string): void {
  const database = openDatabase({ path: join(folder, 'issuer.db') })
  try {
    const row = database.prepare<[], { readonly document: string }>('SELECT document FROM key_ring').get()
    const edited = edit(row?.document ?? '')
    expect(edited).not.toBe(row?.document)
    database.prepare<[string], never>('UPDATE key_ring SET document = ?').run(edited)
  } finally {
    database.close()
  }
}
