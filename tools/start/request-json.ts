import { request as requestPlain, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'

/** What to send besides the address. */
export interface JsonRequest {
  readonly method?: string
  readonly bearer: string
  readonly body?: unknown
}

/** An answer other than 2xx. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The JSON object that a server answers, over TCP, TLS or a Unix socket (`unix:<path>/v1/…`, the socket's path ends in
 * front of `/v1/`).
 *
 * @throws {AnswerError} for every answer other than 2xx, with the server's own sentence.
 */
export async function requestJson(
  address: string,
  { method = 'GET', bearer, body }: JsonRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    authorization: `Bearer ${bearer}`,
    ...(text !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    }),
  }
  const socket = /^unix:(.*?)(\/v1\/.*)$/.exec(address)
  const options = { method, headers, timeout: 10_000 }
  const request =
    socket === null
      ? (address.startsWith('https:') ? requestTls : requestPlain)(address, options)
      : requestPlain({ ...options, socketPath: socket[1], path: socket[2] })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.on('response', resolve).on('error', reject)
  request.on('timeout', () => request.destroy(new Error('no answer within 10 s')))
  request.end(text)

  const response = await promise
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const answer = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>
  const status = response.statusCode ?? 0
  if (status < 200 || status > 299) {
    const path = address.replace(/^.*?(?=\/v1\/)/, '')
    throw new AnswerError(
      status,
      `${method} ${path} answered ${status}: ${String(answer['error_description'])}`,
    )
  }
  return answer
}
