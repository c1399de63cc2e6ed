import {
  createIssuerClient,
  type IssuerClientOptions,
  type RunnerClient,
} from '@workload-identity/issuer-client'
import { createFollowedReading, createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'
import { isSameTls, readClientTls, readRunnerSecret } from './client-credentials.ts'
import type { RunnerProxyConfig } from './config.ts'

/** The issuer as this runner may ask it. */
export interface IssuerConnection {
  readonly client: RunnerClient
  /** Looks whether the secret or the files for TLS changed, and takes over what they are now. */
  readonly task: PeriodicTask
  /** Closes it once, however often it is called: what waits for an answer fails. */
  close(): Promise<void>
}

/** What {@link openIssuerConnection} needs. */
export interface IssuerConnectionOptions {
  readonly config: RunnerProxyConfig
  readonly logger: Logger
  readonly onTry?: IssuerClientOptions['onTry']
  /** Between two looks at the secret and the files for TLS. */
  readonly lookEveryMs: number
}

/**
 * Makes the client with the credentials of this runner, and keeps it up with their files. Connects only when something is
 * asked, so an issuer that is away is no reason not to start.
 *
 * @throws {ConfigurationError} for a secret that cannot be used.
 * @throws {TlsFilesError} for files that cannot be used.
 */
export function openIssuerConnection(options: IssuerConnectionOptions): IssuerConnection {
  const { config, logger, onTry, lookEveryMs } = options
  const { runnerSecret, clientTls } = config
  const secret =
    runnerSecret &&
    createFollowedReading({
      read: () => readRunnerSecret(runnerSecret),
      isSame: (one, other) => one === other,
      onChanged: () => logger.info({ path: runnerSecret.where }, 'read the changed secret of the runner'),
      onProblem: (err) => logger.error({ err }, 'the changed secret cannot be used: the one of before stays'),
    })
  const tls =
    clientTls &&
    createFollowedReading({
      read: () => readClientTls(clientTls),
      isSame: isSameTls,
      onChanged(value) {
        logger.info({ ...clientTls }, 'read the changed TLS files')
        client.replaceTls(value).catch((err: unknown) => {
          logger.error({ err }, 'connections with the earlier TLS files were not closed cleanly')
        })
      },
      onProblem: (err) => logger.error({ err }, 'the changed TLS files cannot be used: the old ones stay'),
    })
  const client = createIssuerClient({
    controlUrl: config.issuerControlUrl,
    allowPlaintext: config.allowsPlaintextIssuer,
    ...(secret !== undefined && { bearer: () => secret.current() }),
    ...(tls !== undefined && { tls: tls.current() }),
    ...(onTry !== undefined && { onTry }),
  })
  let closing: Promise<void> | undefined
  return {
    client,
    task: createPeriodicTask({
      run: async () => {
        secret?.refresh()
        tls?.refresh()
      },
      everyMs: lookEveryMs,
    }),
    close: () => (closing ??= client.close()),
  }
}
