import type { SystemTokenRequest } from '@workload-identity/api'
import { IssuerError, type Clock } from '@workload-identity/core'
import type { RunnerClient } from '@workload-identity/issuer-client'
import { createForwardTime } from './forward-time.ts'
import { refreshWindow, retryDelayMs } from './refresh-times.ts'
import { startNodeTimer, type StartTimer } from './start-timer.ts'
import { lifeOfNewToken, type MintedToken } from './token-life.ts'

/** What a source of system tokens needs. */
export interface SystemTokenSourceOptions {
  /** The issuer, with the credentials of this runner, of which only this is used. Whoever made it closes it. */
  readonly client: Pick<RunnerClient, 'mintSystemToken'>
  /** The name of a system workload that the issuer is configured with, for this runner. */
  readonly workload: string
  /** One audience or several; the first one that the issuer has for the workload unless given. */
  readonly audience?: string | readonly string[]
  /** Life in seconds; the issuer's default unless given. */
  readonly ttl?: number
  readonly clock: Clock
  /** Milliseconds since any moment, which no change of the clock moves. `performance.now` unless given. */
  readonly monotonicMs?: () => number
  /** A number from 0 up to but not including 1. `Math.random` unless given. */
  readonly random?: () => number
  /** The timers of Node unless given. */
  readonly startTimer?: StartTimer
  /** Told of what happens. It must not throw. */
  readonly onEvent?: (event: SystemTokenEvent) => void
}

/** What a source of system tokens tells of itself; nothing in it is secret. */
export type SystemTokenEvent =
  | { readonly type: 'system-token-refreshed'; readonly workload: string }
  /** It failed for the `failures`th time in a row; the last token stays while it lives. */
  | {
      readonly type: 'system-token-failed'
      readonly workload: string
      readonly error: unknown
      readonly failures: number
      readonly retry_in_ms: number
    }

/** Keeps a token of a system workload fresh, for the calls of an agent itself. */
export interface SystemTokenSource {
  /** Begins to ask for one, also before the issuer can be reached. Further calls change nothing. */
  start(): void
  /** Asks for none any more. The last one counts while it lives; whoever waits is told that none comes. */
  stop(): void
  /**
   * The token as it is now. Not to be kept: ask again for the next call.
   *
   * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when there is none yet, or the last one has expired; `cause` is why.
   */
  current(): string
  /**
   * Resolves with a token as soon as there is one that lives.
   *
   * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when the source is stopped before.
   * @throws the reason of the signal when that is aborted before.
   */
  whenReady(signal?: AbortSignal): Promise<string>
}

/** How long it sleeps at most, so that a clock that leaps is noticed. */
const LONGEST_SLEEP_MS = 30_000

/**
 * Makes a {@link SystemTokenSource}. A token is replaced when half of its life is over; a failure is followed by tries after
 * 1 s to 30 s, and changes nothing while the last token lives.
 */
export function createSystemTokenSource(options: SystemTokenSourceOptions): SystemTokenSource {
  const { client, workload, audience, ttl, clock, random = Math.random } = options
  const { startTimer = startNodeTimer, monotonicMs = () => performance.now() } = options
  const { onEvent = () => undefined } = options
  const now = createForwardTime({ clock, monotonicMs })
  const request: SystemTokenRequest = {
    workload,
    ...(audience !== undefined && { audience: typeof audience === 'string' ? audience : [...audience] }),
    ...(ttl !== undefined && { ttl }),
  }
  const waiting = new Set<PromiseWithResolvers<string>>()
  let held: { readonly value: string; readonly expiresMs: number } | undefined
  let state: 'new' | 'started' | 'stopped' = 'new'
  let failures = 0
  let lastError: unknown
  let stopTimer = () => {}

  const living = () => (held !== undefined && now() < held.expiresMs ? held.value : undefined)
  const unavailable = (reason: string) =>
    new IssuerError(
      'ERR_ISSUER_UNAVAILABLE',
      `there is no token of the system workload ${workload}: ${reason}`,
      {
        details: { workload },
        cause: lastError,
      },
    )
  const sleepUntil = (dueMs: number) => {
    if (state !== 'started') return
    const delay = Math.min(LONGEST_SLEEP_MS, Math.max(0, Math.ceil(dueMs - now())))
    stopTimer = startTimer(() => (now() >= dueMs ? void refresh() : sleepUntil(dueMs)), delay)
  }
  const refresh = async () => {
    const askedMs = now()
    try {
      take(await client.mintSystemToken(request), askedMs)
    } catch (error) {
      if (state !== 'started') return
      lastError = error
      failures += 1
      const delay = retryDelayMs(failures, (held?.expiresMs ?? 0) - now(), random)
      onEvent({
        type: 'system-token-failed',
        ...{ workload, error, failures },
        retry_in_ms: Math.round(delay),
      })
      sleepUntil(now() + delay)
    }
  }
  const take = (token: MintedToken, askedMs: number) => {
    if (state !== 'started') return
    const { issuedMs, expiresMs } = lifeOfNewToken(token, askedMs, clock())
    held = { value: token.value, expiresMs }
    failures = 0
    lastError = undefined
    const { fromMs, untilMs } = refreshWindow(expiresMs - issuedMs)
    sleepUntil(issuedMs + fromMs + random() * (untilMs - fromMs))
    for (const waiter of waiting) waiter.resolve(token.value)
    onEvent({ type: 'system-token-refreshed', workload })
  }
  return {
    start() {
      if (state !== 'new') return
      state = 'started'
      void refresh()
    },
    stop() {
      state = 'stopped'
      stopTimer()
      for (const waiter of waiting) waiter.reject(unavailable('its source was stopped'))
    },
    current() {
      const value = living()
      if (value !== undefined) return value
      throw unavailable(
        held === undefined
          ? 'none was given yet; ask again later'
          : 'the last one has expired; ask again later',
      )
    },
    async whenReady(signal) {
      signal?.throwIfAborted()
      const value = living()
      if (value !== undefined) return value
      if (state === 'stopped') throw unavailable('its source was stopped')
      const waiter = Promise.withResolvers<string>()
      const abort = () => waiter.reject(signal?.reason)
      waiting.add(waiter)
      signal?.addEventListener('abort', abort, { once: true })
      try {
        return await waiter.promise
      } finally {
        waiting.delete(waiter)
        signal?.removeEventListener('abort', abort)
      }
    },
  }
}
