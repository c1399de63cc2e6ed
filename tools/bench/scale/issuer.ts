import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requestJson, type JsonRequest } from '../../start/request-json.ts'
import { startLoggingServer } from '../processes.ts'
import { readProcessUse } from '../process-use.ts'

/** An issuer in a process of its own, and what it takes to ask it. */
export interface ScaleIssuer {
  /** From its start to its `ready`, in milliseconds. */
  readonly startMs: number
  /** Asks the control listener as an admin. */
  control(path: string, request?: Omit<JsonRequest, 'bearer'>): ReturnType<typeof requestJson>
  /** Asks for a token. */
  mint(secret: string): ReturnType<typeof requestJson>
  /** The memory it has now, in MiB. */
  memory(): number
  stop(): Promise<void>
}

const ADMIN_TOKEN = 'wia_of-a-benchmark-that-listens-on-loopback'
const mainFile = fileURLToPath(new URL('../../../apps/issuer/src/main.ts', import.meta.url))

/** Starts an issuer on free loopback ports, its log in `folder`. A second one on the same store finds what is there. */
export async function startScaleIssuer(folder: string, store: string): Promise<ScaleIssuer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const adminTokenFile = join(folder, 'admin-token')
  writeFileSync(adminTokenFile, ADMIN_TOKEN, { mode: 0o600 })
  const settings = {
    ...{ 'issuer-url': 'https://id.example.com', store, 'admin-token-file': adminTokenFile },
    ...{ 'public-listen': '127.0.0.1:0', 'token-listen': '127.0.0.1:0', 'control-listen': '127.0.0.1:0' },
  }
  const started = performance.now()
  const server = await startLoggingServer({
    file: mainFile,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    nodeFlags: [],
    log: join(folder, `log-${Date.now()}`),
    isReady: (line) => line.includes('"msg":"ready"'),
  })
  const startMs = performance.now() - started
  const { token, control } = JSON.parse(server.ready) as Readonly<Record<'token' | 'control', string>>
  return {
    startMs,
    control: (path, request = {}) => requestJson(`${control}${path}`, { ...request, bearer: ADMIN_TOKEN }),
    mint: (secret) => requestJson(`${token}/v1/token?audience=sts.amazonaws.com`, { bearer: secret }),
    memory: () => readProcessUse(server.pid).residentMiB,
    stop: () => server.stop(),
  }
}
