import { MAX_RUNNER_BATCH, type RunnerTokenRequest } from '@workload-identity/api'
import {
  addSeconds,
  seconds,
  unixSeconds,
  type IdentityClaims,
  type IssuedToken,
} from '@workload-identity/core'
import type { HealthReport } from '@workload-identity/transport-http'
import type { Assignments } from './assignments.ts'
import { isOutage } from './entry-refusal.ts'
import { followAssignments } from './follow-assignments.ts'
import { createForwardTime } from './forward-time.ts'
import { watchIssuerFacts } from './issuer-facts.ts'
import { judgeToken, lifeOfToken, type KeptToken } from './kept-token.ts'
import type { RunnerProxy, RunnerProxyOptions, RunnerState } from './runner-proxy.ts'
import { createRunnerSandboxTokens, type IdentityEntry, type MintedEntry } from './runner-sandbox-tokens.ts'
import { createSandboxCache } from './sandbox-cache.ts'
import { startNodeTimer, type StartTimer } from './start-timer.ts'
import { buildTokenRequest, sizeOfTokenRequest } from './token-request.ts'
import { createUpstreamBatches, type BatchOutcome } from './upstream-batches.ts'

const DEFAULT_POLL_MS = 3000
const DEFAULT_REFRESH_MS = 2000
const DEFAULT_ISSUER_FACTS_MS = 30_000
const DEFAULT_CACHED_TOKENS = 50_000
/** A list must outlive a few questions, or it would never count. */
const LEAST_ASSIGNMENT_AGE = seconds(10)

const batchLimits = {
  maxEntries: MAX_RUNNER_BATCH,
  // Below the 64 KiB that the issuer takes as a body.
  maxBytes: 56 * 1024,
  lingerMs: 2,
  maxInFlight: 8,
  maxQueued: 10_000,
}
const cacheLimits = { maxPerSandbox: 64, patienceMs: 1000 }
/** An identity says nothing that ends; it is asked for anew so often. */
const IDENTITY_FRESH_MS = 300_000

/**
 * Makes a {@link RunnerProxy}: the parts of a runner proxy, without listeners, files or credentials of its own. It asks
 * nothing until it is started.
 *
 * @throws {RangeError} when `maxAssignmentAge` is less than 10 s.
 */
export function createRunnerProxy(options: RunnerProxyOptions): RunnerProxy {
  const { client, clock, maxAssignmentAge, random = Math.random, startTimer = startNodeTimer } = options
  const { monotonicMs = () => performance.now(), onEvent = () => {} } = options
  if (!(maxAssignmentAge >= LEAST_ASSIGNMENT_AGE)) {
    throw new RangeError(
      `assignments that count for ${maxAssignmentAge} s are too short-lived: take ${LEAST_ASSIGNMENT_AGE} s or more`,
    )
  }
  const nowMs = createForwardTime({ clock, monotonicMs })
  const time = { nowMs, startTimer }
  const counts = { calls: 0, failedCalls: 0, entries: 0 }

  const onOutcome = ({ operation, entries, refused, seconds, error }: BatchOutcome) => {
    counts.calls += 1
    counts.entries += entries
    if (error === undefined) {
      onEvent({ type: 'upstream-answered', operation, entries, refused, seconds })
    } else {
      counts.failedCalls += 1
      onEvent({ type: 'upstream-failed', operation, entries, seconds, error })
    }
  }
  const batches = {
    ...batchLimits,
    nowMs,
    // Somebody waits for a batch, so this timer keeps the process alive.
    startTimer: options.startTimer ?? startBusyTimer,
    onOutcome,
  }
  const mints = createUpstreamBatches<RunnerTokenRequest, MintedEntry>({
    ...batches,
    operation: 'tokens',
    send: (requests) => client.mintTokens(requests),
    sandboxOf: ({ sandbox_id }) => sandbox_id,
    sizeOf: sizeOfTokenRequest,
  })
  const descriptions = createUpstreamBatches<string, IdentityEntry>({
    ...batches,
    operation: 'identities',
    send: (sandboxIds) => client.describeSandboxes(sandboxIds),
    sandboxOf: (sandboxId) => sandboxId,
    sizeOf: (sandboxId) => 32 + sandboxId.length,
  })

  const mint = async (request: RunnerTokenRequest): Promise<IssuedToken> => {
    const { value, expires_at } = await mints.ask(request)
    return { value, expires_at: unixSeconds(expires_at) }
  }

  const cachedTokens = options.cachedTokens ?? DEFAULT_CACHED_TOKENS
  const caches = { ...cacheLimits, ...time, isOutage, maxEntries: cachedTokens }
  const tokens = createSandboxCache<KeptToken>({
    ...caches,
    judge: judgeToken,
    sizeOf: ({ value }) => value.length,
  })
  const identities = createSandboxCache<IdentityClaims>({
    ...caches,
    judge: (_claims, ageMs) => (ageMs < IDENTITY_FRESH_MS ? 'fresh' : 'usable'),
    sizeOf: (claims) => JSON.stringify(claims).length,
  })
  const issuerFacts = watchIssuerFacts({
    client,
    everyMs: options.issuerFactsEveryMs ?? DEFAULT_ISSUER_FACTS_MS,
    nowMs,
    onChanged() {
      tokens.age()
      identities.age()
      onEvent({ type: 'issuer-changed' })
    },
  })

  const assignments = followAssignments({
    client,
    clock,
    maxAssignmentAge,
    ...time,
    random,
    ...(options.runnerId !== undefined && { runnerId: options.runnerId }),
    pollEveryMs: options.pollEveryMs ?? DEFAULT_POLL_MS,
    refreshAtMostEveryMs: options.refreshAtMostEveryMs ?? DEFAULT_REFRESH_MS,
    onConfirmed(change) {
      for (const sandboxId of [...(change?.gone ?? []), ...(change?.changed ?? [])]) {
        tokens.drop(sandboxId)
        identities.drop(sandboxId)
      }
      issuerFacts.look()
    },
    onEvent,
  })

  const state = (): RunnerState => {
    const { list, confirmedAtMs, sandboxes } = assignments.current()
    const age =
      confirmedAtMs === undefined ? undefined : seconds(Math.floor((nowMs() - confirmedAtMs) / 1000))
    return {
      ...(age !== undefined && { confirmedAge: age, confirmedAt: addSeconds(clock(), seconds(-age)) }),
      ...(list !== undefined && { runnerId: list.runner_id, registryId: list.registry_id }),
      sandboxes: sandboxes.size,
      cachedTokens: tokens.size(),
      upstream: {
        ...counts,
        inFlight: mints.inFlight() + descriptions.inFlight(),
        queued: mints.queued() + descriptions.queued(),
      },
    }
  }

  return {
    sandboxTokens: createRunnerSandboxTokens({
      authenticate: assignments.authenticate,
      tokens,
      identities,
      async mint(request) {
        const token = await mint(request)
        return { ...token, life: lifeOfToken(token.value) }
      },
      describe: descriptions.ask,
      onEvent,
    }),
    start: assignments.start,
    async stop() {
      await assignments.stop()
      await issuerFacts.settled()
    },
    state,
    readiness: () => readinessOf(state(), assignments.areConfirmed(), assignments.current()),
    onAssignments: assignments.onList,
    mint: async (sandboxId, wishes = {}) => mint(buildTokenRequest(sandboxId, wishes)),
  }
}

function readinessOf(
  { confirmedAge }: RunnerState,
  areConfirmed: boolean,
  { failures, isRefused }: Pick<Assignments, 'failures' | 'isRefused'>,
): HealthReport {
  if (isRefused) {
    return {
      problems: ['the issuer refuses the credential of this runner: it was replaced, or the runner ended'],
    }
  }
  if (confirmedAge === undefined) {
    return { problems: ['the issuer has not told yet which sandboxes are assigned to this runner'] }
  }
  const sentence = `the issuer last confirmed the assignments ${confirmedAge} s ago`
  if (!areConfirmed) return { problems: [`${sentence}: they no longer count`] }
  return { problems: [], ...(failures > 0 && { warnings: [`${sentence}, and cannot be asked now`] }) }
}

const startBusyTimer: StartTimer = (run, delayMs) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}
