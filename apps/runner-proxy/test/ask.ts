import { request as requestPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'

/** What to send besides the address. */
export interface Question {
  readonly method?: string
  readonly bearer?: string
  /** A body, sent as JSON. */
  readonly json?: unknown
  /** PEM texts: the authority to trust, and the client's own certificate. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string }
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; `undefined` when it is none. */
  readonly json: unknown
}

/** Asks a listener (`http://…`, `https://…` or `unix:<path>`, as a `ready` line names it) on a connection of its own. */
export async function ask(base: string, path: string, question: Question = {}): Promise<Answer> {
  const body = question.json === undefined ? undefined : JSON.stringify(question.json)
  const options = {
    method: question.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(question.bearer !== undefined && { authorization: `Bearer ${question.bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...question.tls,
    agent: false as const,
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const isSocket = base.startsWith('unix:')
    const send = base.startsWith('https:') ? requestTls : requestPlain
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
