import { IssuerError } from '@workload-identity/core'
import { isRefusedEntry, toEntryRefusal, type RefusedEntry } from './entry-refusal.ts'
import type { UpstreamOperation } from './events.ts'
import type { StartTimer } from './start-timer.ts'

/** What became of a batch that was sent. */
export interface BatchOutcome {
  readonly operation: UpstreamOperation
  readonly entries: number
  /** Entries that came back with an error of their own. */
  readonly refused: number
  readonly seconds: number
  /** Why it failed as a whole; absent when it was answered. */
  readonly error?: unknown
}

/** What {@link createUpstreamBatches} needs. */
export interface UpstreamBatchesOptions<Request, Answer extends { readonly sandbox_id: string }> {
  readonly operation: UpstreamOperation
  /** Asks the issuer; gives an entry for each request, in their order. */
  readonly send: (requests: readonly Request[]) => Promise<readonly (Answer | RefusedEntry)[]>
  readonly sandboxOf: (request: Request) => string
  /** About how many bytes a request takes in a batch. */
  readonly sizeOf: (request: Request) => number
  /** The most entries and bytes of a batch. */
  readonly maxEntries: number
  readonly maxBytes: number
  /** How long a request waits for others to go with it. */
  readonly lingerMs: number
  /** The most batches under way, and requests waiting, at once. */
  readonly maxInFlight: number
  readonly maxQueued: number
  /** Milliseconds that never go back. */
  readonly nowMs: () => number
  readonly startTimer: StartTimer
  readonly onOutcome: (outcome: BatchOutcome) => void
}

/** Sends requests to the issuer together. */
export interface UpstreamBatches<Request, Answer> {
  /**
   * The issuer's answer to one request.
   *
   * @throws {HttpRefusal} what the issuer said about this request.
   * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` when the batch failed, or too many requests wait.
   */
  ask(request: Request): Promise<Answer>
  inFlight(): number
  queued(): number
}

interface Waiting<Request, Answer> {
  readonly request: Request
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Makes {@link UpstreamBatches}. The first request waits `lingerMs` for others; a full batch leaves at once. While
 * `maxInFlight` are under way the rest waits, first come, first served.
 */
export function createUpstreamBatches<Request, Answer extends { readonly sandbox_id: string }>(
  options: UpstreamBatchesOptions<Request, Answer>,
): UpstreamBatches<Request, Answer> {
  const { operation, maxEntries, lingerMs, maxInFlight, maxQueued, nowMs, startTimer, onOutcome } = options
  let queue: Waiting<Request, Answer>[] = []
  let inFlight = 0
  let isLingering = false

  const sendBatch = async (batch: readonly Waiting<Request, Answer>[]) => {
    inFlight += 1
    const startedMs = nowMs()
    const outcome = await exchange(batch, options)
    inFlight -= 1
    sendWaiting()
    onOutcome({ operation, entries: batch.length, seconds: (nowMs() - startedMs) / 1000, ...outcome })
  }

  const sendWaiting = () => {
    while (queue.length > 0 && inFlight < maxInFlight) {
      const count = countOfNext(queue, options)
      // Whoever came last waits for others, unless the time for that is over.
      if (isLingering && count === queue.length && count < maxEntries) return
      const batch = queue.slice(0, count)
      queue = queue.slice(count)
      void sendBatch(batch)
    }
  }

  return {
    ask(request) {
      if (queue.length >= maxQueued) return Promise.reject(tooMany())
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      queue.push({ request, resolve, reject })
      if (isLingering) {
        sendWaiting()
        return promise
      }
      isLingering = true
      startTimer(() => {
        isLingering = false
        sendWaiting()
      }, lingerMs)
      return promise
    },
    inFlight: () => inFlight,
    queued: () => queue.length,
  }
}

/** Sends a batch and gives each asker its answer. Never throws: a failure is everybody's, and told. */
async function exchange<Request, Answer extends { readonly sandbox_id: string }>(
  batch: readonly Waiting<Request, Answer>[],
  { send, sandboxOf }: UpstreamBatchesOptions<Request, Answer>,
): Promise<Pick<BatchOutcome, 'refused' | 'error'>> {
  const requests = batch.map(({ request }) => request)
  try {
    const answers = await send(requests)
    assertSameSandboxes(requests.map(sandboxOf), answers)
    let refused = 0
    for (const [index, { resolve, reject }] of batch.entries()) {
      const answer = answers[index] as Answer | RefusedEntry
      if (isRefusedEntry(answer)) {
        refused += 1
        reject(toEntryRefusal(answer))
      } else resolve(answer)
    }
    return { refused }
  } catch (error) {
    for (const { reject } of batch) reject(toUnavailable(error))
    return { refused: 0, error }
  }
}

function countOfNext<Request, Answer extends { readonly sandbox_id: string }>(
  queue: readonly Waiting<Request, Answer>[],
  { sizeOf, maxEntries, maxBytes }: UpstreamBatchesOptions<Request, Answer>,
): number {
  let bytes = 0
  let count = 0
  for (const { request } of queue) {
    bytes += sizeOf(request)
    if (count === maxEntries || (bytes > maxBytes && count > 0)) break
    count += 1
  }
  return count
}

/** An answer that belongs to another request would hand a sandbox the token of another one. */
function assertSameSandboxes(asked: readonly string[], answers: readonly { sandbox_id: string }[]): void {
  const isSame =
    answers.length === asked.length && asked.every((id, index) => answers[index]?.sandbox_id === id)
  if (isSame) return
  throw new IssuerError(
    'ERR_ISSUER_UNAVAILABLE',
    'the issuer answered other requests than those it was asked',
  )
}

function toUnavailable(error: unknown): IssuerError {
  return new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the issuer could not be asked; try again later', {
    cause: error,
  })
}

function tooMany(): IssuerError {
  return new IssuerError('ERR_ISSUER_UNAVAILABLE', 'too many requests wait for the issuer; try again later')
}
