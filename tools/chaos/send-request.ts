import { request as requestPlain, type Agent, type IncomingHttpHeaders } from 'node:http'

/** An answer, read to its end, and when it was asked for, in milliseconds of `performance.now()`. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly sentAt: number
  readonly answeredAt: number
}

/** What to send. */
export interface RequestToSend {
  readonly agent: Agent
  readonly method?: string
  readonly bearer?: string
  readonly json?: unknown
}

/** A request that was not answered within {@link ANSWER_LIMIT_MS}. */
export class HangError extends Error {
  override readonly name = 'HangError'
}

/**
 * How long an issuer may take for an answer, in milliseconds. It gives up on its store after 2 s; the rest is for a
 * machine that is busy with all that is going on here.
 */
export const ANSWER_LIMIT_MS = 15_000

/**
 * Sends one request and reads the whole answer.
 *
 * @throws {HangError} when there is no whole answer in time; the connection's error when it breaks.
 */
export async function sendRequest(url: string, request: RequestToSend): Promise<Answer> {
  const { agent, method = 'GET', bearer, json } = request
  const body = json === undefined ? undefined : JSON.stringify(json)
  const sentAt = performance.now()
  return new Promise((resolve, reject) => {
    const headers = {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    }
    const outgoing = requestPlain(url, { agent, method, headers })
    const limit = setTimeout(() => {
      outgoing.destroy(new HangError(`no answer to ${method} ${url} within ${ANSWER_LIMIT_MS} ms`))
    }, ANSWER_LIMIT_MS)
    const fail = (error: Error) => {
      clearTimeout(limit)
      reject(error)
    }
    outgoing.once('error', fail)
    outgoing.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.once('error', fail)
      response.once('end', () => {
        clearTimeout(limit)
        const { statusCode = 0, headers: answered } = response
        resolve({ status: statusCode, headers: answered, text, sentAt, answeredAt: performance.now() })
      })
    })
    outgoing.end(body)
  })
}
