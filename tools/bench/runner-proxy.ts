import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { requestJson } from '../start/request-json.ts'
import type { BenchIssuer } from './issuer.ts'
import type { LoadTarget } from './load.ts'
import { startLoggingServer } from './processes.ts'

/** A real runner proxy in a process of its own, with sandboxes assigned to it. */
export interface BenchProxy {
  /** A request that is answered from memory, and one that needs the issuer every time. */
  readonly targets: Readonly<Record<'cached' | 'uncached', LoadTarget>>
  readonly pid: number
  /** The secrets of its sandboxes. */
  readonly secrets: readonly string[]
  /** Its metrics as Prometheus reads them. */
  metrics(): Promise<string>
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>
}

/** What is started. */
export interface BenchProxyOptions {
  readonly issuer: BenchIssuer
  readonly runnerId: string
  /** How many sandboxes it hosts, at least 1. */
  readonly sandboxes: number
  /** An existing folder of its own. */
  readonly folder: string
  /** Flags of its Node.js, for a profile. */
  readonly nodeFlags?: readonly string[]
}

const mainFile = fileURLToPath(new URL('../../apps/runner-proxy/src/main.ts', import.meta.url))
const BATCH = 1000

/** Registers a runner and its sandboxes, starts its proxy with default settings, and waits until it knows them. */
export async function startBenchProxy(options: BenchProxyOptions): Promise<BenchProxy> {
  const { issuer, runnerId, folder, nodeFlags = [] } = options
  const { url, adminToken } = issuer.control
  const ask = (path: string, body: object) =>
    requestJson(`${url}${path}`, { method: 'POST', bearer: adminToken, body })
  const runner = await ask('/v1/runners', { runner_id: runnerId })
  const secretFile = join(folder, 'runner-secret')
  writeFileSync(secretFile, String(runner['secret']), { mode: 0o600 })
  const secrets = await registerSandboxes(options, ask)
  const settings = {
    'issuer-control-url': url,
    'runner-id': runnerId,
    'runner-secret-file': secretFile,
    'token-listen': '127.0.0.1:0',
    'control-listen': '127.0.0.1:0',
  }
  const server = await startLoggingServer({
    file: mainFile,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    nodeFlags,
    log: join(folder, 'proxy-log'),
    isReady: (line) => line.includes('"msg":"ready"'),
  })
  const { token, control } = JSON.parse(server.ready) as Readonly<Record<'token' | 'control', string>>
  await waitUntilReady(`${control}/readyz`)
  const headers = { authorization: `Bearer ${secrets[0] ?? ''}` }
  return {
    targets: {
      cached: { url: `${token}/v1/token?audience=sts.amazonaws.com`, headers },
      uncached: { url: `${token}/v1/token?audience=sts.amazonaws.com`, headers, isVaried: true },
    },
    pid: server.pid,
    secrets,
    metrics: async () => (await fetch(`${control}/metrics`)).text(),
    stop: () => server.stop(),
  }
}

/** Registers them in batches and gives their secrets. */
async function registerSandboxes(
  { runnerId, sandboxes }: BenchProxyOptions,
  ask: (path: string, body: object) => Promise<Readonly<Record<string, unknown>>>,
): Promise<readonly string[]> {
  const secrets: string[] = []
  for (let first = 0; first < sandboxes; first += BATCH) {
    const length = Math.min(BATCH, sandboxes - first)
    const batch = Array.from({ length }, (_, index) => ({
      sandbox_id: `${runnerId}-${first + index}`,
      app: 'billing',
      runner_id: runnerId,
    }))
    const { results } = await ask('/v1/sandbox-batches', { sandboxes: batch })
    secrets.push(...(results as { readonly secret: string }[]).map(({ secret }) => secret))
  }
  return secrets
}

async function waitUntilReady(url: string): Promise<void> {
  const giveUpAt = Date.now() + 30_000
  while (Date.now() < giveUpAt) {
    const answer = await fetch(url)
    await answer.arrayBuffer()
    if (answer.ok) return
    await wait(50)
  }
  throw new Error('the runner proxy did not become ready')
}
