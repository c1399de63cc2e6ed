import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '../find-free-port.ts'
import { startService, type AtEnd } from '../start-service.ts'

/** What a sandbox is registered as. */
export interface SandboxBody {
  readonly sandbox_id: string
  readonly app: string
  readonly token_files: readonly { readonly name: string; readonly audience: string }[]
}

/** An issuer with sandboxes that have token files. */
export interface SandboxStack {
  readonly folder: string
  readonly issuerUrl: string
  /** Registers a sandbox and gives its `env`, once its token files are there. */
  register(body: SandboxBody): Promise<Readonly<Record<string, string>>>
}

/** Starts an issuer; it is there until `atEnd`. */
export async function startSandboxStack(atEnd: AtEnd): Promise<SandboxStack> {
  const folder = await mkdtemp(join(tmpdir(), 'wid-sdk-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  const issuerUrl = `http://127.0.0.1:${await findFreePort()}`
  const issuer = await startService(
    'issuer',
    [
      `--issuer-url=${issuerUrl}`,
      `--public-listen=${new URL(issuerUrl).host}`,
      `--store=sqlite:${join(folder, 'issuer.db')}`,
      `--admin-token-file=${join(folder, 'admin-token')}`,
      '--token-listen=127.0.0.1:0',
      '--control-listen=127.0.0.1:0',
    ],
    atEnd,
  )
  const admin = (await readFile(join(folder, 'admin-token'), 'utf8')).trim().split(/\s+/).at(-1) ?? ''
  const ask = async (url: string, bearer: string, json?: unknown) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
    const sent = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
    const answer = await fetch(url, { headers, ...sent })
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }
  return {
    folder,
    issuerUrl,
    async register(body) {
      const { token_files, runner_id: _, ...rest } = body as SandboxBody & { readonly runner_id?: string }
      const { env, secret } = (await ask(`${issuer.ready.control}/v1/sandboxes`, admin, rest)) as {
        readonly env: Readonly<Record<string, string>>
        readonly secret: string
      }
      const files = join(folder, body.sandbox_id)
      await mkdir(files)
      for (const { name, audience } of token_files) {
        const url = `${issuer.ready.token}/v1/token?audience=${encodeURIComponent(audience)}`
        await writeFile(join(files, name), ((await ask(url, secret)) as { readonly value: string }).value)
      }
      return { ...env, WORKLOAD_IDENTITY_TOKEN_PATH: join(files, token_files[0]?.name ?? '') }
    },
  }
}
