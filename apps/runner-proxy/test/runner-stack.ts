import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose'
import { expect, onTestFinished } from 'vitest'
import { ask, type Answer, type Question } from './ask.ts'
import { startService, type AtEnd, type Service } from './start-service.ts'

/** The URL of every issuer of these tests; nobody has to reach it. */
export const ISSUER_URL = 'https://id.cluster.example'

/** A sandbox and what it was given. */
export interface Sandbox {
  readonly sandbox_id: string
  readonly secret: string
  readonly env: Readonly<Record<string, string>>
}

/** An issuer in a folder, and the proxies of its runners. */
export interface RunnerStack {
  readonly folder: string
  /** Where its control listener is, also after a restart. */
  readonly controlUrl: string
  /** The issuer that was started last. */
  issuer(): Service
  /** Starts the issuer again on the same store and addresses. */
  restartIssuer(): Promise<void>
  /** Asks the control listener as the admin. */
  admin(path: string, question?: Question): Promise<Answer>
  /** Registers a runner and writes its secret into a file; gives the flags that prove it. */
  registerRunner(runnerId: string, facts?: Readonly<Record<string, string>>): Promise<readonly string[]>
  /** Registers a sandbox, of the app `billing` unless told. */
  registerSandbox(body: { readonly sandbox_id: string } & Readonly<Record<string, unknown>>): Promise<Sandbox>
  /** Starts a proxy with the flags of its runner, and waits until it listens. */
  startProxy(flags: readonly string[]): Promise<Service>
  /** The claims of a token, once its signature is proved with the issuer's JWKS. */
  verify(token: string): Promise<JWTPayload>
}

/** How a stack differs from the usual one: its issuer on SQLite, its control listener on a socket. */
export interface StackOptions {
  readonly atEnd?: AtEnd
  /** What the folder needs before the issuer starts. */
  readonly prepare?: (folder: string) => Promise<void>
  /** Flags of the issuer after the usual ones. */
  readonly issuerFlags?: (folder: string) => readonly string[]
  /** Where proxies find the issuer, unless at its control listener. */
  readonly controlUrl?: string
}

/** Starts an issuer; everything of the stack is gone after the test, or when `atEnd` says. */
export async function startRunnerStack(options: StackOptions = {}): Promise<RunnerStack> {
  const { atEnd = onTestFinished, issuerFlags = () => [] } = options
  const folder = await mkdtemp(join(tmpdir(), 'wid-runner-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  await options.prepare?.(folder)
  const socket = `unix:${join(folder, 'control.sock')}`
  const start = () =>
    startService(
      'issuer',
      [
        `--issuer-url=${ISSUER_URL}`,
        `--store=sqlite:${join(folder, 'issuer.db')}`,
        `--admin-token-file=${join(folder, 'admin-token')}`,
        '--public-listen=127.0.0.1:0',
        '--token-listen=127.0.0.1:0',
        `--control-listen=${socket}`,
        ...issuerFlags(folder),
      ],
      atEnd,
    )
  let issuer = await start()
  const jwks = (await ask(issuer.ready.public ?? '', '/.well-known/jwks.json')).json as JSONWebKeySet
  const adminToken = (await readFile(join(folder, 'admin-token'), 'utf8')).trim()
  const admin: RunnerStack['admin'] = (path, question = {}) =>
    ask(issuer.ready.control, path, { bearer: adminToken, ...question })
  return {
    folder,
    controlUrl: options.controlUrl ?? socket,
    issuer: () => issuer,
    async restartIssuer() {
      issuer = await start()
    },
    admin,
    async registerRunner(runnerId, facts = {}) {
      const answer = await admin('/v1/runners', { json: { runner_id: runnerId, ...facts } })
      expect(answer).toMatchObject({ status: 201 })
      const file = join(folder, `secret-${randomUUID()}`)
      await writeFile(file, `${(answer.json as { secret: string }).secret}\n`, { mode: 0o600 })
      return [`--runner-id=${runnerId}`, `--runner-secret-file=${file}`]
    },
    async registerSandbox(body) {
      const answer = await admin('/v1/sandboxes', { json: { app: 'billing', ...body } })
      expect(answer).toMatchObject({ status: 201 })
      return answer.json as Sandbox
    },
    startProxy: (flags) =>
      startService(
        'runner-proxy',
        [
          `--issuer-control-url=${options.controlUrl ?? socket}`,
          '--token-listen=127.0.0.1:0',
          '--control-listen=127.0.0.1:0',
          ...flags,
        ],
        atEnd,
      ),
    async verify(token) {
      const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), { issuer: ISSUER_URL })
      return payload
    },
  }
}

/** What a proxy answers to a sandbox that asks for a token. */
export function mint(service: Service, secret: string, query = ''): Promise<Answer> {
  return ask(service.ready.token, `/v1/token${query}`, { bearer: secret })
}

/** A token for a sandbox, asked for until it is given: the proxy may have to learn of the sandbox first. */
export async function mintSoon(service: Service, secret: string, query = ''): Promise<string> {
  return ((await answeredWith(200, () => mint(service, secret, query))) as { value: string }).value
}

/** The body of the first answer that has the status; asks until there is one. */
export async function answeredWith(status: number, question: () => Promise<Answer>): Promise<unknown> {
  let answer: Answer | undefined
  await expect
    .poll(
      async () => {
        answer = await question()
        return answer.status
      },
      { timeout: 30_000, interval: 50 },
    )
    .toBe(status)
  return answer?.json
}
