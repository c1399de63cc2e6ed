import type { TokenIssuer } from '@workload-identity/core'
import type { RunnerClient } from './issuer-client.ts'

/** What a {@link RemoteTokenIssuer} needs. */
export interface RemoteTokenIssuerOptions {
  readonly client: Pick<RunnerClient, 'mintTokens' | 'readIssuer'>
  /** Between two questions for the issuer URL in milliseconds; 300000 unless given. */
  readonly refreshEveryMs?: number
  /** Told when the issuer URL could not be read; the one that is known stays. It must not throw. */
  readonly onRefreshFailed?: (error: unknown) => void
}

/** A {@link TokenIssuer} that lets another process sign. */
export interface RemoteTokenIssuer extends TokenIssuer {
  /** Reads the issuer URL, and goes on reading it. Resolves after the first time, whether or not it succeeded. */
  start(): Promise<void>
  stop(): void
}

/** Makes a {@link RemoteTokenIssuer} that knows no issuer URL yet. */
export function createRemoteTokenIssuer(options: RemoteTokenIssuerOptions): RemoteTokenIssuer {
  throw new TypeError(`not there yet: ${options.refreshEveryMs ?? 0}`)
}
