import { request as requestPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'

/** What to send besides the address. */
export interface HttpRequest {
  readonly method?: string
  readonly bearer?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A body, sent as JSON. */
  readonly json?: unknown
  /** The certificate authority to trust, as PEM. */
  readonly ca?: string
  /** The certificate to show, with its key, as PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; `undefined` when it is none. */
  readonly json: unknown
}

/** Sends a request to a listener (`http://…`, `https://…` or `unix:<path>`, as a `ready` line names it). */
export async function sendRequest(
  base: string,
  path: string,
  request: HttpRequest = {},
): Promise<HttpAnswer> {
  const body = request.json === undefined ? undefined : JSON.stringify(request.json)
  const options = {
    method: request.method ?? 'GET',
    headers: {
      ...(request.bearer !== undefined && { authorization: `Bearer ${request.bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(request.ca !== undefined && { ca: request.ca }),
    ...request.certificate,
    agent: false as const,
  }
  const isSocket = base.startsWith('unix:')
  const send = base.startsWith('https:') ? requestTls : requestPlain
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = isSocket
      ? requestPlain({ ...options, socketPath: base.slice('unix:'.length), path })
      : send(new URL(base + path), options)
    outgoing.on('response', resolve).on('error', reject).end(body)
  })
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parseJson(text) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
