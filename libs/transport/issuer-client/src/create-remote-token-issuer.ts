import { IssuerError, type IssuedToken, type TokenIssuer, type UnixSeconds } from '@workload-identity/core'
import type { RunnerTokenRequest, RunnerTokenResult } from '@workload-identity/api'
import type { RunnerClient } from './issuer-client.ts'
import { IssuerRefusal } from './issuer-refusal.ts'
import { statusOfError } from './status-of-error.ts'
import { withoutSecrets } from './without-secrets.ts'

/** After a failure the issuer is asked sooner, since it may be back at any moment. */
const AGAIN_AFTER_FAILURE_MS = 5_000

/** What {@link createRemoteTokenIssuer} needs. */
export interface RemoteTokenIssuerOptions {
  /** The issuer, with the credentials of a runner. Whoever made it closes it. */
  readonly client: Pick<RunnerClient, 'mintTokens' | 'readIssuer'>
  /** Between two questions for the issuer URL in milliseconds; 300000 unless given. */
  readonly refreshEveryMs?: number
  /** Told when the issuer URL could not be read; the one that is known stays. It must not throw. */
  readonly onRefreshFailed?: (error: unknown) => void
}

/** A {@link TokenIssuer} that lets another process sign. */
export interface RemoteTokenIssuer extends TokenIssuer {
  /**
   * The `iss` of every token, as last read.
   *
   * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when it was never read.
   */
  readonly issuerUrl: string
  /**
   * A token for a sandbox of this runner. The issuer takes the app from its registry, whatever is given here.
   *
   * @throws {IssuerRefusal} when the issuer says no.
   * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when it cannot be asked, or failed.
   */
  issueToken: TokenIssuer['issueToken']
  /** Reads the issuer URL, and goes on reading it. Resolves after the first time, whether or not it succeeded. */
  start(): Promise<void>
  /** Ends that. The URL that is known stays. */
  stop(): void
}

/** Makes a {@link RemoteTokenIssuer} that knows no issuer URL yet. */
export function createRemoteTokenIssuer(options: RemoteTokenIssuerOptions): RemoteTokenIssuer {
  const { client, refreshEveryMs = 300_000, onRefreshFailed } = options
  let issuerUrl: string | undefined
  let timer: NodeJS.Timeout | undefined
  // Whatever belongs to an earlier start ends by itself.
  let run = 0

  const refresh = async (ownRun: number): Promise<void> => {
    let nextMs = refreshEveryMs
    try {
      const { issuer } = await client.readIssuer()
      issuerUrl = issuer
    } catch (error) {
      nextMs = Math.min(refreshEveryMs, AGAIN_AFTER_FAILURE_MS)
      onRefreshFailed?.(error)
    }
    if (run !== ownRun) return
    timer = setTimeout(() => void refresh(ownRun), nextMs)
    timer.unref()
  }

  const stop = () => {
    run += 1
    clearTimeout(timer)
  }

  return {
    get issuerUrl() {
      if (issuerUrl !== undefined) return issuerUrl
      throw new IssuerError(
        'ERR_ISSUER_UNAVAILABLE',
        'the issuer was never reached: its URL is not known yet',
      )
    },
    async issueToken(_app, sandboxId, { audience, ttl } = {}) {
      const request: RunnerTokenRequest = {
        sandbox_id: sandboxId,
        ...(audience !== undefined && {
          audience: typeof audience === 'string' ? audience : [...audience],
        }),
        ...(ttl !== undefined && { ttl }),
      }
      const [result] = await client.mintTokens([request])
      return toToken(result)
    },
    start() {
      stop()
      return refresh(run)
    },
    stop,
  }
}

function toToken(result: RunnerTokenResult | undefined): IssuedToken {
  if (result !== undefined && !('error' in result)) {
    return { value: result.value, expires_at: result.expires_at as UnixSeconds }
  }
  if (result === undefined) throw new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the issuer answered nothing')
  const { error, error_description } = result
  const [status, description] = [statusOfError[error], withoutSecrets(error_description, undefined)]
  if (status < 500) throw new IssuerRefusal({ status, error, description })
  throw new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the issuer could not mint the token; try again later', {
    details: { operation: 'mintTokens', status },
  })
}
