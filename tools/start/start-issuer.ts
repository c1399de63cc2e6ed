import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The addresses an issuer really bound, from its `ready` line. */
export interface ReadyLine {
  readonly public: string
  readonly token: string
  readonly control: string
}

/** An issuer that answers. */
export interface RunningIssuer {
  readonly ready: ReadyLine
  /** Ends it as SIGTERM does; requests in flight are answered. */
  stop(): void
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>
}

const mainFile = fileURLToPath(new URL('../../apps/issuer/src/main.ts', import.meta.url))
const urlSettings = ['issuer-url', 'registration-file', 'tls-name']

/** The value of a setting of the issuer: the last flag of that name, else the environment variable. */
export function settingOf(flags: readonly string[], name: string): string | undefined {
  const index = flags.findLastIndex((flag) => flag === `--${name}` || flag.startsWith(`--${name}=`))
  const flag = flags[index]
  if (flag === undefined) return process.env[`WID_${name.replaceAll('-', '_').toUpperCase()}`]
  return flag.includes('=') ? flag.slice(flag.indexOf('=') + 1) : flags[index + 1]
}

/**
 * The flags with an issuer URL: that of the public listener on this machine, when they say none themselves. A port of 0
 * is replaced by a free one, since the URL has to be known first.
 */
export async function withIssuerUrl(flags: readonly string[]): Promise<readonly string[]> {
  if (urlSettings.some((name) => settingOf(flags, name) !== undefined)) return flags
  const listen = settingOf(flags, 'public-listen') ?? '127.0.0.1:8080'
  const [, host, askedPort] = /^(.*):(\d+)$/.exec(listen) ?? []
  if (host === undefined) return flags
  if (askedPort !== '0') return [...flags, '--issuer-url', `http://${host}:${askedPort}`]
  const port = await findFreePort()
  return [...flags, '--public-listen', `${host}:${port}`, '--issuer-url', `http://${host}:${port}`]
}

/**
 * Starts the issuer of this checkout and waits until it is ready. Its log goes to standard error.
 *
 * Ends this process with the issuer's exit code when it ends before it is ready: it has said why by then, or what was
 * asked for (`--help`).
 */
export async function startIssuer(flags: readonly string[]): Promise<RunningIssuer> {
  const condition = '--conditions=@workload-identity/source'
  // A process group of its own: Ctrl-C in a terminal reaches this process alone, which then asks for an orderly end.
  const child = spawn(process.execPath, [condition, mainFile, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  process.on('exit', () => child.kill())
  const exited = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : 1))
  const { promise: ready, resolve } = Promise.withResolvers<ReadyLine>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) process.stderr.write(`${line}\n`)
    else process.stdout.write(`${line}\n`)
    if (line.includes('"msg":"ready"')) resolve(JSON.parse(line) as ReadyLine)
  })
  const first = await Promise.race([ready, exited])
  if (typeof first === 'number') process.exit(first)
  return { ready: first, stop: () => void child.kill('SIGTERM'), exited }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
