import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '@workload-identity/contracts/trials'
import { onTestFinished } from 'vitest'
import { sendRequest, type HttpAnswer, type HttpRequest } from './send-request.ts'

const mainFile = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** What a started issuer printed as its `ready` line. */
export interface ReadyLine {
  readonly msg: 'ready'
  readonly public: string
  readonly token: string
  readonly control: string
}

/** How an issuer is started. Folder and issuer URL are what a restart has to keep. */
export interface IssuerProcessOptions {
  /** Holds store and admin token. */
  readonly folder: string
  /** `http://127.0.0.1:<free port>` unless given; the public listener is there unless `flags` say otherwise. */
  readonly issuerUrl?: string
  /** Flags after the usual ones, which they override. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The file to run instead of `main.ts`. */
  readonly entryPoint?: string
}

/** An issuer that runs as a process of its own. */
export interface IssuerProcess {
  readonly pid: number
  readonly issuerUrl: string
  readonly ready: ReadyLine
  readonly folder: string
  readonly adminToken: string
  /** Everything it wrote so far, to both outputs. */
  output(): string
  /** Its log lines so far. */
  logLines(): readonly Readonly<Record<string, unknown>>[]
  /** Resolves with the first log line that fits, also one that is there already. */
  waitForLog(
    fits: (line: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>>
  /** Sends a request to the control listener as the admin. */
  control(path: string, request?: HttpRequest): Promise<HttpAnswer>
  /** Asks the token listener for a token with a sandbox's secret. */
  mint(secret: string, query?: string): Promise<HttpAnswer>
  /** Registers a sandbox and gives the body of the answer. */
  register(sandbox: Readonly<Record<string, unknown>>): Promise<RegisteredSandbox>
  /** Sends a signal; await {@link exited} for the end. */
  signal(signal: NodeJS.Signals): void
  /** Sends SIGTERM and gives the exit code. */
  stop(): Promise<number | null>
  /** The exit code, `null` when a signal ended it. */
  readonly exited: Promise<number | null>
}

const MAX_REGISTRATIONS = 5

/** The body of a registration's answer. */
export interface RegisteredSandbox {
  readonly sandbox_id: string
  readonly app: string
  readonly secret: string
  readonly env: Readonly<Record<string, string>>
}

/** What a process that ended by itself left behind. */
export interface FinishedProcess {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder for one test, removed after it. */
export async function createTestFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wid-issuer-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A TCP port of 127.0.0.1 that was free just now: an issuer URL has to be known before the issuer starts. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts an issuer and waits until it is ready; it is ended after the test if it still runs. */
export async function startIssuer(options: IssuerProcessOptions): Promise<IssuerProcess> {
  const { folder } = options
  const issuerUrl = options.issuerUrl ?? `http://127.0.0.1:${await findFreePort()}`
  const { child, output, exited } = await spawnIssuer(usualFlags(folder, issuerUrl), options)
  const logLines = () => parseLines(output.stdout)
  const waitForLog: IssuerProcess['waitForLog'] = (fits) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const line = logLines().find(fits)
        if (line === undefined) return
        child.stdout?.off('data', look)
        resolve(line)
      }
      child.stdout?.on('data', look)
      void exited.then((code) =>
        reject(new Error(`the issuer ended with ${code}:\n${output.stdout}${output.stderr}`)),
      )
      look()
    })
  const ready = (await waitForLog(({ msg }) => msg === 'ready')) as unknown as ReadyLine
  const adminToken = (await readFile(join(folder, 'admin-token'), 'utf8')).trim().split(/\s+/).at(-1) ?? ''
  const control: IssuerProcess['control'] = (path, request = {}) =>
    sendRequest(ready.control, path, { bearer: adminToken, ...request })
  return {
    pid: child.pid ?? 0,
    issuerUrl,
    ready,
    folder,
    adminToken,
    output: () => output.stdout + output.stderr,
    logLines,
    waitForLog,
    control,
    mint: (secret, query = '') => sendRequest(ready.token, `/v1/token${query}`, { bearer: secret }),
    async register(sandbox) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await control('/v1/sandboxes', { method: 'POST', json: sandbox })
        if (answer.status === 201) return answer.json as RegisteredSandbox
        if (answer.status !== 503 || attempt === MAX_REGISTRATIONS) {
          throw new Error(`registration was answered with ${answer.status}: ${answer.text}`)
        }
        // A store may be slow on a busy machine. What was answered with 503 may have happened all the same.
        await control(`/v1/sandboxes/${encodeURIComponent(String(sandbox['sandbox_id']))}`, {
          method: 'DELETE',
        })
      }
    },
    signal: (signal) => child.kill(signal),
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
    exited,
  }
}

/** Runs an issuer that is expected to end by itself. `folder` gives it the usual flags; without, it gets `flags` alone. */
export async function runIssuer(
  options: Partial<IssuerProcessOptions> & { readonly flags: readonly string[] },
): Promise<FinishedProcess> {
  const usual =
    options.folder === undefined
      ? []
      : usualFlags(options.folder, options.issuerUrl ?? 'http://127.0.0.1:8080')
  const { output, exited } = await spawnIssuer(usual, options)
  return { exitCode: await exited, ...output }
}

function usualFlags(folder: string, issuerUrl: string): readonly string[] {
  const { port } = new URL(issuerUrl)
  return [
    `--issuer-url=${issuerUrl}`,
    `--store=sqlite:${join(folder, 'issuer.db')}`,
    `--admin-token-file=${join(folder, 'admin-token')}`,
    `--public-listen=127.0.0.1:${port === '' ? 0 : port}`,
    '--token-listen=127.0.0.1:0',
    '--control-listen=127.0.0.1:0',
  ]
}

/** What a started process is watched by. */
interface SpawnedIssuer {
  readonly child: ChildProcess
  readonly output: { stdout: string; stderr: string }
  readonly exited: Promise<number | null>
}

// The tests start hundreds of issuers, so they start one file instead of its sources; the tests of the guides start those.
async function spawnIssuer(
  usual: readonly string[],
  { flags: own = [], env = {}, entryPoint = mainFile }: Partial<IssuerProcessOptions>,
): Promise<SpawnedIssuer> {
  const program = await bundleProgram(`import ${JSON.stringify(entryPoint)}`)
  // A flag would win over a store that a test names in the environment.
  const flags = [...usual, ...own].filter((flag) => !('WID_STORE' in env && flag.startsWith('--store=')))
  const child = spawn(process.execPath, [program, ...flags], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, output, exited }
}

function parseLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}
