import type { Dispatcher, Pool } from 'undici'
import { ConnectFailure } from './connections.ts'
import { describeFailure } from './describe-failure.ts'

/** A request as it goes out. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** The largest body that an answer may have. */
  readonly maxAnswerBytes: number
}

/** A whole HTTP answer, whatever it says. */
export interface Answered {
  readonly type: 'answered'
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly text: string
}

/** No answer, or not all of one. */
export interface Failed {
  readonly type: 'failed'
  /** Whether the issuer may have received the request. */
  readonly maybeReceived: boolean
  /** Whether it would fail the same way again. */
  readonly isFinal: boolean
  readonly isTimeout: boolean
  readonly status?: number
  /** Holds nothing of what was sent or received. */
  readonly cause: Error
}

/** What became of one try. */
export type TryResult = Answered | Failed

/**
 * Sends a request once and reads its answer. Redirects are answers like any other. Never throws.
 *
 * @param signal ends it at once, as a time-out when `isTimedOut` says so then.
 */
export async function exchange(
  pool: Pool,
  { method, path, headers, body, maxAnswerBytes }: WireRequest,
  { signal, isTimedOut }: { readonly signal: AbortSignal; readonly isTimedOut: () => boolean },
): Promise<TryResult> {
  let status: number | undefined
  try {
    const answer = await pool.request({ method, path, headers, body: body ?? null, signal })
    status = answer.statusCode
    const text = await readBody(answer, maxAnswerBytes)
    if (text !== undefined) return { type: 'answered', status, headers: answer.headers, text }
    const cause = new Error(`an answer of more than ${maxAnswerBytes} bytes`)
    return { type: 'failed', maybeReceived: true, isFinal: true, isTimeout: false, status, cause }
  } catch (error) {
    return {
      type: 'failed',
      maybeReceived: !(error instanceof ConnectFailure),
      isFinal: false,
      isTimeout: isTimedOut(),
      ...(status !== undefined && { status }),
      cause: describeFailure(error instanceof ConnectFailure ? error.cause : error),
    }
  }
}

/** The body as a text; absent when it is too large, which also ends its connection. */
async function readBody(
  { headers, body }: Pick<Dispatcher.ResponseData, 'headers' | 'body'>,
  maxBytes: number,
): Promise<string | undefined> {
  if (Number(headers['content-length'] ?? 0) > maxBytes) {
    body.on('error', () => undefined).destroy()
    return undefined
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Leaving the loop destroys the stream and with it the connection.
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes).toString('utf8')
}
