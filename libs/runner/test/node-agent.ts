import { readFileSync } from 'node:fs'
import { fromMilliseconds, seconds } from '@workload-identity/core'
import { createIssuerClient } from '@workload-identity/issuer-client'
import { createTokenServer, listenOn, type HttpOptions } from '@workload-identity/transport-http'
import { createRunnerProxy } from '../src/index.ts'

/** What the agent of this node is told. */
export interface NodeAgentOptions {
  /** The control listener of the issuer: `http(s)://host[:port]` or `unix:<path>`. */
  readonly controlUrl: string
  /** Holds the secret of this runner; it is read at every request, so a renewed one counts at once. */
  readonly secretFile: string
  /** The socket at which sandboxes ask for tokens. */
  readonly socket: string
  readonly logger: HttpOptions['logger']
}

/** Serves tokens to the sandboxes of this node, and gives what ends that. */
export async function startNodeAgent({ controlUrl, secretFile, socket, logger }: NodeAgentOptions) {
  const client = createIssuerClient({ controlUrl, bearer: () => readFileSync(secretFile, 'utf8').trim() })
  const proxy = createRunnerProxy({
    client,
    clock: () => fromMilliseconds(Date.now()),
    maxAssignmentAge: seconds(1800),
    onEvent: (event) => {
      if (event.type === 'assignments-failed') logger.warn({ err: event.error }, 'the issuer is away')
    },
  })
  const server = createTokenServer({
    sandboxTokens: proxy.sandboxTokens,
    http: { logger, trustedProxies: [] },
  })
  proxy.start()
  await listenOn(server, { kind: 'unix', path: socket }, { socketMode: 0o660 })
  return async () => {
    await server.close()
    await proxy.stop()
    await client.close()
  }
}
