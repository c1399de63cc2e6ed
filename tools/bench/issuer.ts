import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateSecret } from '@workload-identity/core'
import { requestJson } from '../start/request-json.ts'
import type { BenchAlgorithm } from './ceiling.ts'
import type { LoadTarget } from './load.ts'
import { startLoggingServer } from './processes.ts'

/** What can be asked of an issuer. */
export type BenchTarget = 'mint' | 'jwks' | 'discovery'

/** The real issuer in a process of its own, with a sandbox registered. */
export interface BenchIssuer {
  readonly targets: Readonly<Record<BenchTarget, LoadTarget>>
  /** The control listener, and who may use it. */
  readonly control: { readonly url: string; readonly adminToken: string }
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>
}

/** What is measured, and how its process runs. */
export interface BenchIssuerOptions {
  readonly algorithm: BenchAlgorithm
  /** The value of `--store`. */
  readonly store: string
  /** An existing folder of its own for log and admin token. */
  readonly folder: string
  /** Flags of its Node.js besides those it needs, for a profile. */
  readonly nodeFlags?: readonly string[]
}

const mainFile = fileURLToPath(new URL('../../apps/issuer/src/main.ts', import.meta.url))

/** Starts an issuer with its default settings, on free loopback ports, its log in a file. */
export async function startBenchIssuer(options: BenchIssuerOptions): Promise<BenchIssuer> {
  const { algorithm, store, folder, nodeFlags = [] } = options
  const adminTokenFile = join(folder, 'admin-token')
  const adminToken = generateSecret('admin')
  // No issuer makes one by itself when its store is Redis.
  writeFileSync(adminTokenFile, adminToken, { mode: 0o600 })
  const settings = {
    'issuer-url': 'https://id.example.com',
    store,
    'signing-algorithm': algorithm,
    'admin-token-file': adminTokenFile,
    'public-listen': '127.0.0.1:0',
    'token-listen': '127.0.0.1:0',
    'control-listen': '127.0.0.1:0',
  }
  const server = await startLoggingServer({
    file: mainFile,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    nodeFlags,
    log: join(folder, 'log'),
    isReady: (line) => line.includes('"msg":"ready"'),
  })
  const addresses = JSON.parse(server.ready) as Readonly<Record<'public' | 'token' | 'control', string>>
  const { secret } = await requestJson(`${addresses.control}/v1/sandboxes`, {
    method: 'POST',
    bearer: adminToken,
    body: { sandbox_id: 'billing-1', app: 'billing' },
  })
  const wellKnown = (name: string) => ({ url: `${addresses.public}/.well-known/${name}`, headers: {} })
  return {
    targets: {
      mint: {
        url: `${addresses.token}/v1/token?audience=sts.amazonaws.com`,
        headers: { authorization: `Bearer ${String(secret)}` },
      },
      jwks: wellKnown('jwks.json'),
      discovery: wellKnown('openid-configuration'),
    },
    control: { url: addresses.control, adminToken },
    stop: () => server.stop(),
  }
}
