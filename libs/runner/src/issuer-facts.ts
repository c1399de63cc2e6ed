import type { IssuerFactsBody } from '@workload-identity/api'
import type { RunnerClient } from '@workload-identity/issuer-client'

/** A text that differs when kept tokens may not be what the issuer would give now, or are no longer accepted. */
export function issuerFingerprint(facts: IssuerFactsBody): string {
  return JSON.stringify([
    facts.issuer,
    facts.organization_id,
    facts.cluster_id,
    // Another set of keys: after a revocation, tokens of the revoked one are worth nothing.
    facts.keys_fingerprint,
    facts.default_audience,
    facts.allowed_audiences,
    facts.default_ttl,
    facts.max_ttl,
  ])
}

/** What {@link watchIssuerFacts} needs. */
export interface WatchIssuerFactsOptions {
  readonly client: Pick<RunnerClient, 'readIssuer'>
  readonly everyMs: number
  /** Milliseconds that never go back. */
  readonly nowMs: () => number
  readonly onChanged: () => void
}

/** Notices that the issuer changed. */
export interface IssuerFactsWatch {
  /** Asks the issuer, unless that was done lately. An answer that does not come leaves everything as it is. */
  look(): void
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

/** Makes an {@link IssuerFactsWatch}. The first answer is what later ones are compared with. */
export function watchIssuerFacts(options: WatchIssuerFactsOptions): IssuerFactsWatch {
  const { client, everyMs, nowMs, onChanged } = options
  let known: string | undefined
  let lookedAtMs = -Infinity
  let underWay: Promise<void> | undefined

  const ask = async () => {
    try {
      const fingerprint = issuerFingerprint(await client.readIssuer())
      const hasChanged = known !== undefined && known !== fingerprint
      known = fingerprint
      if (hasChanged) onChanged()
    } catch {
      // The assignments are asked for at the same place, and tell of it when the issuer is away.
    } finally {
      underWay = undefined
    }
  }

  return {
    look() {
      if (underWay !== undefined || nowMs() - lookedAtMs < everyMs) return
      lookedAtMs = nowMs()
      underWay = ask()
    },
    settled: async () => underWay,
  }
}
