import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Answers one request. */
export type Answer = (response: ServerResponse, request: IncomingMessage, socket: Socket) => void

/** A request as a {@link ScriptedServer} got it. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Which connection it came by, counted from 1. */
  readonly connection: number
}

/** A server that answers as it is told, request by request. */
export interface ScriptedServer {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** How many connections there were. */
  connections(): number
  /** How many are open. */
  openConnections(): number
  close(): Promise<void>
}

/** Starts a {@link ScriptedServer}: the last of `answers` goes on for all further requests. */
export async function startScriptedServer(
  answers: readonly Answer[],
  listenOn: string | number = 0,
): Promise<ScriptedServer> {
  const requests: SeenRequest[] = []
  const sockets = new Map<Socket, number>()
  let connections = 0
  const listener: RequestListener = (request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]!
    const seen = { method: request.method!, url: request.url!, headers: request.headers, body: '' }
    const entry = { ...seen, connection: sockets.get(request.socket)! }
    requests.push(entry)
    request.setEncoding('utf8').on('data', (text: string) => (entry.body += text))
    request.on('end', () => answer(response, request, request.socket))
  }
  const server = createServer(listener)
  server.on('connection', (socket) => {
    connections += 1
    sockets.set(socket, connections)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(listenOn, () => resolve()))
  return {
    url:
      typeof listenOn === 'string'
        ? `unix:${listenOn}`
        : `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    openConnections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** An answer as JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(JSON.stringify(body))
  }
}

/** An error of the API. */
export function refusal(status: number, error: string, headers: Record<string, string> = {}): Answer {
  return json(status, { error, error_description: `a sentence about ${error}` }, headers)
}

/** Cuts the connection without an answer. */
export const reset: Answer = (_response, _request, socket) => socket.resetAndDestroy()

/** Says nothing. */
export const silence: Answer = () => undefined

/** A token of the API. */
export const TOKEN = { value: 'aaaaaaaa.bbbbbbbb.cccccccc', expires_at: 1_800_000_000 }

/** What the issuer says of itself. */
export const ISSUER = {
  issuer: 'https://issuer.example.com',
  earlier_issuers: [],
  discovery_url: 'https://issuer.example.com/.well-known/openid-configuration',
  jwks_uri: 'https://issuer.example.com/.well-known/jwks.json',
  token_url: 'https://token.example.com/v1/token',
  default_audience: 'https://issuer.example.com',
  default_ttl: 3600,
  max_ttl: 86_400,
  active_key: { kid: 'k', alg: 'RS256' },
  keys_fingerprint: 'SHA256:a',
  registry_id: '33333333-3333-4333-8333-333333333333',
}
