import { IssuerError } from '@workload-identity/core'
import type { Connections } from './connections.ts'
import { exchange, type Answered, type TryResult, type WireRequest } from './exchange.ts'
import type { IssuerClientOptions } from './issuer-client.ts'
import { planRetry } from './retry-plan.ts'
import { clientClosed, noAnswer } from './unavailable.ts'

/** A request before it is known who sends it. */
export interface IssuerRequest extends Omit<WireRequest, 'headers'> {
  /** What it is called in errors and metrics. */
  readonly operation: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether asking twice does no more than asking once. */
  readonly isRepeatable: boolean
}

/** An answer and what was needed to get it. */
export interface SentRequest {
  readonly answer: Answered
  readonly tries: number
  /** What proved the sender at the last try. */
  readonly bearer?: string
}

/** What {@link createSender} needs. */
export interface SenderOptions extends Pick<IssuerClientOptions, 'bearer' | 'onTry'> {
  readonly connections: Connections
  readonly tryTimeoutMs: number
  readonly totalTimeoutMs: number
  readonly random: () => number
  readonly monotonicMs: () => number
}

/** Sends requests, each as often as is safe and needed. */
export interface Sender {
  /** @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when there is no answer in time. */
  send(request: IssuerRequest): Promise<SentRequest>
  /** Ends what is under way, and refuses what comes. */
  stop(): void
}

/** Makes a {@link Sender}. */
export function createSender(options: SenderOptions): Sender {
  const { connections, bearer, tryTimeoutMs, totalTimeoutMs, random, monotonicMs, onTry } = options
  const underWay = new Set<AbortController>()
  let isStopped = false

  /** Runs something with a limit that `stop` shortens to nothing. */
  const limited = async <T>(timeoutMs: number, run: (control: AbortControl) => Promise<T>): Promise<T> => {
    const controller = new AbortController()
    let isTimedOut = false
    const timer = setTimeout(() => {
      isTimedOut = true
      controller.abort()
    }, timeoutMs)
    underWay.add(controller)
    try {
      return await run({ signal: controller.signal, isTimedOut: () => isTimedOut })
    } finally {
      underWay.delete(controller)
      clearTimeout(timer)
    }
  }

  const tryOnce = async (request: IssuerRequest, token: string | undefined, timeoutMs: number) => {
    const startedMs = monotonicMs()
    const headers = {
      accept: 'application/json',
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...request.headers,
    }
    const result = await limited(timeoutMs, (control) =>
      exchange(connections.current(), { ...request, headers }, control),
    )
    onTry?.({
      operation: request.operation,
      outcome: outcomeOf(result),
      ...(result.status !== undefined && { status: result.status }),
      seconds: (monotonicMs() - startedMs) / 1000,
    })
    return result
  }

  return {
    async send(request) {
      const { operation, isRepeatable } = request
      const startedMs = monotonicMs()
      for (let tries = 1; ; tries += 1) {
        if (isStopped) throw clientClosed(operation)
        const token = readBearer(bearer)
        const leftMs = totalTimeoutMs - (monotonicMs() - startedMs)
        const result = await tryOnce(request, token, Math.max(Math.min(tryTimeoutMs, leftMs), 0))
        if (isClosed()) throw clientClosed(operation)
        const elapsedMs = monotonicMs() - startedMs
        const delayMs = planRetry({
          ...{ tries, result, isRepeatable, elapsedMs, totalTimeoutMs },
          random: random(),
        })
        if (delayMs === undefined) {
          if (result.type === 'failed') throw noAnswer(result, { operation, tries })
          return { answer: result, tries, ...(token !== undefined && { bearer: token }) }
        }
        await limited(delayMs, ended)
      }
    },
    stop() {
      isStopped = true
      for (const controller of underWay) controller.abort()
    },
  }

  // A function, since the value changes while the loop waits.
  function isClosed(): boolean {
    return isStopped
  }
}

interface AbortControl {
  readonly signal: AbortSignal
  readonly isTimedOut: () => boolean
}

/** Resolves when the limit is over, for whatever reason. */
function ended({ signal }: AbortControl): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function outcomeOf(result: TryResult): 'answered' | 'failed' | 'timed_out' {
  if (result.type === 'answered') return 'answered'
  return result.isTimeout ? 'timed_out' : 'failed'
}

/** What goes into `Authorization`. Checked here: the text of a header that cannot be sent would be in the error. */
function readBearer(bearer: (() => string) | undefined): string | undefined {
  const token = bearer?.()
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token
  throw new IssuerError(
    'ERR_REQUEST_INVALID',
    'the secret for the issuer is empty, or has characters that no secret has',
  )
}
