/** What a sandbox's environment is made from. */
export interface SandboxEnvironmentOptions {
  readonly issuerUrl: string
  /** The token endpoint as the sandbox reaches it: `http(s)://…/v1/token`, or `unix:<path>`. */
  readonly tokenUrl: string
  /** The sandbox's secret; absent when the caller keeps it. */
  readonly secret?: string
}

/**
 * The environment variables to inject into a sandbox. `ACTIONS_*` let GitHub's toolkit work unchanged: it appends
 * `&audience=` to the URL, which therefore has a query already. It cannot speak to a socket, so with `unix:` they are
 * left out.
 */
export function buildSandboxEnvironment(
  options: SandboxEnvironmentOptions,
): Readonly<Record<string, string>> {
  const { issuerUrl, tokenUrl, secret } = options
  const isSocket = tokenUrl.startsWith('unix:')
  return {
    WORKLOAD_IDENTITY_ISSUER_URL: issuerUrl,
    WORKLOAD_IDENTITY_TOKEN_URL: tokenUrl,
    ...(secret !== undefined && { WORKLOAD_IDENTITY_TOKEN_SECRET: secret }),
    ...(!isSocket && { ACTIONS_ID_TOKEN_REQUEST_URL: `${tokenUrl}?api-version=2.0` }),
    ...(!isSocket && secret !== undefined && { ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret }),
  }
}
