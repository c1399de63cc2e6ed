import { encodeBase64Url } from './base64url.ts'
import type { RunnerRecord } from './ports/runner-registry.ts'
import type { SandboxRecord } from './ports/sandbox-registry.ts'
import { tokenFilesOf } from './token-files.ts'

/** What a sandbox's environment is made from. */
export interface SandboxEnvironmentOptions {
  readonly issuerUrl: string
  /** The token endpoint as the sandbox reaches it: `http(s)://…/v1/token`, or `unix:<path>`. */
  readonly tokenUrl: string
  /** The sandbox's secret; absent when the caller keeps it. */
  readonly secret?: string
  /** The path at which the sandbox finds its secret; the secret itself is then left out. */
  readonly secretFile?: string
  /** The path at which the sandbox finds a token, see {@link tokenPathOf}. */
  readonly tokenPath?: string
}

/**
 * The environment variables to inject into a sandbox. `ACTIONS_*` let GitHub's toolkit work unchanged: it appends
 * `&audience=` to the URL, which therefore has a query already. It cannot speak to a socket, so with `unix:` they are
 * left out; nor can it read a secret from a file.
 */
export function buildSandboxEnvironment(
  options: SandboxEnvironmentOptions,
): Readonly<Record<string, string>> {
  const { issuerUrl, tokenUrl, secretFile, tokenPath } = options
  const secret = secretFile === undefined ? options.secret : undefined
  const isSocket = tokenUrl.startsWith('unix:')
  return {
    WORKLOAD_IDENTITY_ISSUER_URL: issuerUrl,
    WORKLOAD_IDENTITY_TOKEN_URL: tokenUrl,
    ...(secret !== undefined && { WORKLOAD_IDENTITY_TOKEN_SECRET: secret }),
    ...(secretFile !== undefined && { WORKLOAD_IDENTITY_TOKEN_SECRET_FILE: secretFile }),
    ...(tokenPath !== undefined && { WORKLOAD_IDENTITY_TOKEN_PATH: tokenPath }),
    ...(!isSocket && { ACTIONS_ID_TOKEN_REQUEST_URL: `${tokenUrl}?api-version=2.0` }),
    ...(!isSocket && secret !== undefined && { ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret }),
  }
}

/**
 * The path of a sandbox's first token file as the sandbox sees it: `<token_dir>/<folder>/<name>`. `undefined` when it has
 * no files, or when it is not known where its runner keeps them.
 */
export async function tokenPathOf(
  record: SandboxRecord,
  runner: RunnerRecord | undefined,
): Promise<string | undefined> {
  const [file] = tokenFilesOf(record)
  if (file === undefined || runner?.token_dir === undefined) return undefined
  const folder = await sandboxDirectoryName(record.sandbox_id)
  return `${runner.token_dir.replace(/\/+$/, '')}/${folder}/${file.name}`
}

/** The name of the folder that holds the token files of a sandbox: base64url SHA-256 of its ID, which may hold slashes. */
export async function sandboxDirectoryName(sandboxId: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(sandboxId))
  return encodeBase64Url(new Uint8Array(digest))
}
