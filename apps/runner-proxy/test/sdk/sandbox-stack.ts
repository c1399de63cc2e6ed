import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, vi } from 'vitest'
import { findFreePort } from '../find-free-port.ts'
import { startRunnerStack } from '../runner-stack.ts'
import type { AtEnd } from '../start-service.ts'

/** What a sandbox is registered as. */
export interface SandboxBody {
  readonly sandbox_id: string
  readonly app: string
  readonly runner_id: string
  readonly token_files: readonly { readonly name: string; readonly audience: string }[]
}

/** An issuer that clouds can reach, and the proxy of one node that keeps token files. */
export interface SandboxStack {
  readonly folder: string
  readonly issuerUrl: string
  /** Registers a sandbox of the node and gives its `env`, once its token files are there. */
  register(body: SandboxBody): Promise<Readonly<Record<string, string>>>
}

/** Starts issuer and proxy; they are there until `atEnd`. */
export async function startSandboxStack(runnerId: string, atEnd: AtEnd): Promise<SandboxStack> {
  const address = `127.0.0.1:${await findFreePort()}`
  const issuerUrl = `http://${address}`
  const stack = await startRunnerStack({
    atEnd,
    issuerFlags: () => [`--issuer-url=${issuerUrl}`, `--public-listen=${address}`],
  })
  const tokenListen = `127.0.0.1:${await findFreePort()}`
  const folder = join(stack.folder, 'tokens')
  const facts = { token_url: `http://${tokenListen}/v1/token`, token_dir: folder }
  const runner = await stack.registerRunner(runnerId, facts)
  await stack.startProxy([...runner, `--token-listen=${tokenListen}`, `--token-dir=${folder}`])
  return {
    folder: stack.folder,
    issuerUrl,
    async register(body) {
      const { env } = await stack.registerSandbox({ ...body })
      const files = dirname(env['WORKLOAD_IDENTITY_TOKEN_PATH'] ?? '')
      const isMissing = ({ name }: { readonly name: string }) => !existsSync(join(files, name))
      await vi.waitFor(() => expect(body.token_files.filter(isMissing)).toEqual([]), { timeout: 60_000 })
      return env
    },
  }
}
