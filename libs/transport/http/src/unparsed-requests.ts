import { METHODS, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AnswerLog } from './answer-log.ts'
import {
  headerTooLarge,
  invalidRequest,
  methodNotAllowed,
  uriTooLong,
  type ErrorAnswer,
} from './http-refusal.ts'
import type { HttpLimits } from './limits.ts'
import { closeAfter, type OwedAnswers } from './owed-answers.ts'

/** How long a client may go on sending after it was refused, so that it gets to read the answer. */
const LINGER_MS = 2_000

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
}

interface ClientError extends Error {
  readonly code?: string | undefined
  readonly rawPacket?: unknown
}

/** What {@link createClientErrorHandler} needs. */
interface ClientErrorParts {
  readonly log: AnswerLog
  readonly limits: HttpLimits
  readonly owedAnswers: OwedAnswers
  /** The value of `Allow` for a request target. */
  readonly methodsAt: (target: string) => string
}

/**
 * Makes the answer to what Node's parser refuses; the connection is closed after it. What comes behind a request that
 * still waits for its answer gets none of its own: that answer goes out, in its turn (RFC 9112 §9.3.2), and is the last.
 */
export function createClientErrorHandler({
  log,
  limits,
  owedAnswers,
  methodsAt,
}: ClientErrorParts): (error: ClientError, socket: Socket) => void {
  const ending = new WeakSet<Socket>()
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    // What a client goes on sending before and after its last answer is read into the void.
    if (ending.has(socket)) return
    ending.add(socket)
    const owed = owedAnswers.lastOf(socket)
    if (owed !== undefined) {
      closeAfter(owed, socket)
      return
    }
    const target = findTargetOfUnknownMethod(error)
    const answer = target === undefined ? toAnswer(error, limits) : methodNotAllowed(methodsAt(target)).answer
    sendRaw(socket, answer)
    log.recordUnparsed(answer)
  }
}

/** What {@link refuseTunnels} needs. */
interface TunnelRefusal {
  readonly log: AnswerLog
  readonly owedAnswers: OwedAnswers
  readonly allowedMethods: () => string
}

/** Answers `CONNECT`, which Node keeps from the request handler and else drops without a word. */
export function refuseTunnels(server: Server, { log, owedAnswers, allowedMethods }: TunnelRefusal): void {
  server.on('connect', (_request, socket) => {
    const owed = owedAnswers.lastOf(socket)
    if (owed !== undefined) {
      closeAfter(owed, socket)
      return
    }
    const { answer } = methodNotAllowed(allowedMethods())
    sendRaw(socket, answer)
    log.recordUnparsed(answer)
  })
}

/** Answers expectations other than `100-continue` (RFC 9110 §10.1.1), which Node answers without a body. */
export function refuseExpectations(server: Server, log: AnswerLog): void {
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const answer: ErrorAnswer = {
      status: 417,
      error: 'invalid_request',
      description: 'Expect may only be 100-continue',
    }
    response.writeHead(answer.status, { ...rawHeaders(answer), connection: 'close' })
    response.end(toBody(answer))
    log.recordUnparsed(answer)
  })
}

function toAnswer({ code, rawPacket }: ClientError, limits: HttpLimits): ErrorAnswer {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return isRequestLineTooLong(rawPacket, limits.uriBytes)
      ? uriTooLong(limits.uriBytes).answer
      : headerTooLarge(`the header fields are longer than ${limits.headerBytes} bytes`).answer
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: 408, error: 'invalid_request', description: 'the request did not arrive in time' }
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return { status: 413, error: 'request_too_large', description: 'the chunk extensions are too large' }
  }
  return invalidRequest('this is not a valid HTTP/1.1 request').answer
}

/** The target of a request that is refused only because its method is not one of those that Node's parser knows. */
function findTargetOfUnknownMethod({ code, rawPacket }: ClientError): string | undefined {
  // The parser takes the beginning of some methods for that of another protocol's.
  if (code !== 'HPE_INVALID_METHOD' && code !== 'HPE_INVALID_CONSTANT') return undefined
  if (!Buffer.isBuffer(rawPacket)) return undefined
  const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[!-~]*) HTTP\/1\.[01]\r\n/
  const [, method, target] = requestLine.exec(rawPacket.toString('latin1')) ?? []
  return method === undefined || METHODS.includes(method) ? undefined : target
}

/** Whether it was the request line that did not fit, as far as the last packet tells. */
function isRequestLineTooLong(packet: unknown, limit: number): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z-]+ /.test(packet.toString('latin1', 0, 20))) return false
  const end = packet.indexOf('\r\n')
  return (end === -1 ? packet.length : end) > limit
}

function sendRaw(socket: Duplex, answer: ErrorAnswer): void {
  const headers = { ...rawHeaders(answer), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const statusLine = `HTTP/1.1 ${answer.status} ${reasons[answer.status] ?? 'Error'}`
  socket.on('error', () => socket.destroy())
  socket.end([statusLine, ...lines, '', toBody(answer)].join('\r\n'))
  // A socket that is closed with unread input is reset, and the client may never see the answer.
  socket.resume()
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

function rawHeaders(answer: ErrorAnswer): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(toBody(answer))),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  }
}

function toBody({ error, description }: ErrorAnswer): string {
  return JSON.stringify({ error, error_description: description })
}
