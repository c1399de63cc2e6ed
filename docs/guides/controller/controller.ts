// A controller: starts commands as sandboxes, each with an identity for as long as it runs. docs/guides/writing-a-controller.md
// explains it.
//
//   CONTROL=http://127.0.0.1:7124 ADMIN_TOKEN_FILE=./data/admin-token node controller.ts workloads.json state.json

import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is to run: an entry of workloads.json. */
interface Workload {
  readonly name: string
  readonly app: string
  readonly command: readonly [string, ...string[]]
  /** Where the sandbox finds its secret, instead of in a variable. */
  readonly secret_file?: string
}

/** What runs: an entry of state.json. It holds no secret. */
interface Sandbox {
  readonly name: string
  readonly sandbox_id: string
  readonly secret_sha256: string
  readonly pid: number
}

interface Registered {
  readonly secret: string
  readonly env: Readonly<Record<string, string>>
}

const { CONTROL = 'http://127.0.0.1:7124', ADMIN_TOKEN_FILE = './data/admin-token', RUNNER_ID } = process.env
const LEASE_SECONDS = Number(process.env['LEASE_SECONDS'] ?? 300)
const [workloadsFile = 'workloads.json', stateFile = 'state.json'] = process.argv.slice(2)

const workloads = JSON.parse(readFileSync(workloadsFile, 'utf8')) as readonly Workload[]
let sandboxes: readonly Sandbox[] = readState()

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const admin = readFileSync(ADMIN_TOKEN_FILE, 'utf8').trim()
  const answer = await fetch(CONTROL + path, {
    method,
    headers: { authorization: `Bearer ${admin}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await answer.text()
  // 404 and 409 are answers; anything else is worth another try later.
  if (!answer.ok && answer.status !== 404 && answer.status !== 409) {
    throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  }
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

const pathOf = (id: string) => `/v1/sandboxes/${encodeURIComponent(id)}`
const leaseEnd = () => Math.floor(Date.now() / 1000) + LEASE_SECONDS
const assignment = RUNNER_ID === undefined ? {} : { runner_id: RUNNER_ID }

/** Registers first and starts second. A crash in between leaves a registration that its lease ends. */
async function start({ name, app, command, secret_file }: Workload): Promise<void> {
  const sandbox_id = `${name}-${randomUUID().slice(0, 8)}`
  const registration = { sandbox_id, app, expires_at: leaseEnd(), ...assignment }
  const { body } = await ask('POST', '/v1/sandboxes', {
    ...registration,
    ...(secret_file && { secret_file }),
  })
  const { secret, env } = body as Registered
  if (secret_file !== undefined) writeWhole(secret_file, secret, 0o400)
  const [program, ...args] = command
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'inherit',
    detached: true,
  })
  child.on('error', (error) => console.error(String(error))).unref()
  if (child.pid === undefined) return void (await ask('DELETE', pathOf(sandbox_id)))
  const secret_sha256 = createHash('sha256').update(secret).digest('hex')
  writeState([...sandboxes, { name, sandbox_id, secret_sha256, pid: child.pid }])
}

/** Renews the lease. What the issuer no longer knows is registered again, with the secret that it holds. */
async function renew({ name, sandbox_id, secret_sha256 }: Sandbox): Promise<void> {
  const { status } = await ask('PATCH', pathOf(sandbox_id), { expires_at: leaseEnd() })
  const app = workloads.find((workload) => workload.name === name)?.app
  if (status !== 404 || app === undefined) return
  await ask('POST', '/v1/sandboxes', {
    sandbox_id,
    app,
    secret_sha256,
    expires_at: leaseEnd(),
    ...assignment,
  })
}

/** Ends the registration: from now on its secret is worth nothing. A second time is 404, which is as good. */
async function end(sandbox: Sandbox): Promise<void> {
  await ask('DELETE', pathOf(sandbox.sandbox_id))
  writeState(sandboxes.filter((other) => other !== sandbox))
}

/** Brings together what should run and what does, after a crash of this controller, too. */
async function reconcile(): Promise<void> {
  for (const sandbox of sandboxes) await attempt(() => (isAlive(sandbox) ? renew(sandbox) : end(sandbox)))
  for (const workload of workloads) {
    if (!sandboxes.some(({ name }) => name === workload.name)) await attempt(() => start(workload))
  }
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    // An issuer that is away takes nothing from those who run: there are two more tries before a lease ends.
    console.error(String(error))
  }
}

function isAlive({ pid }: Sandbox): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function readState(): readonly Sandbox[] {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as readonly Sandbox[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function writeState(next: readonly Sandbox[]): void {
  sandboxes = next
  writeWhole(stateFile, JSON.stringify(next), 0o600)
}

function writeWhole(path: string, text: string, mode: number): void {
  // What a crash left may not be writable.
  rmSync(`${path}.new`, { force: true })
  writeFileSync(`${path}.new`, text, { mode })
  renameSync(`${path}.new`, path)
}

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())

while (!stopping.signal.aborted) {
  await reconcile()
  await sleep((LEASE_SECONDS * 1000) / 3, undefined, { signal: stopping.signal }).catch(() => undefined)
}
for (const sandbox of sandboxes) {
  if (isAlive(sandbox)) process.kill(sandbox.pid)
  await attempt(() => end(sandbox))
}
