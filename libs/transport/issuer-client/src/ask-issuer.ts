import { withoutSecrets } from './without-secrets.ts'
import { shapes, type Shape } from './answer-shapes.ts'
import type { Answered } from './exchange.ts'
import { IssuerRefusal } from './issuer-refusal.ts'
import type { IssuerRequest, Sender, SentRequest } from './send-request.ts'
import { issuerFailed, notTheApi } from './unavailable.ts'

const MEBIBYTE = 1024 * 1024

/** The largest answer about one thing. */
const ONE_BYTES = MEBIBYTE

/** The largest answer to a batch: a hundred tokens of ten long audiences each take 1.6 MiB. */
export const BATCH_BYTES = 8 * MEBIBYTE

/** The largest list. */
export const LIST_BYTES = 64 * MEBIBYTE

/** What to ask, and what the answer must be. */
export interface Question<T> extends Pick<IssuerRequest, 'operation' | 'method' | 'path' | 'isRepeatable'> {
  /** What becomes the JSON of the body. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** 1 MiB unless given. */
  readonly maxAnswerBytes?: number
  /** The status of success. */
  readonly status: 200 | 201
  readonly shape: Shape<T>
}

/** A question that is answered by success alone, with 204. */
export type Command = Omit<Question<never>, 'status' | 'shape'>

/** Asks the issuer, and believes only what the API can answer. */
export interface AskIssuer {
  /**
   * @throws {IssuerRefusal} for a 4xx of the API.
   * @throws {IssuerError} `ERR_ISSUER_UNAVAILABLE` for everything else that is not the answer.
   */
  ask<T>(question: Question<T>): Promise<T>
  /** The same with the headers of the answer; absent when it is 304. */
  askIfChanged<T>(question: Question<T>): Promise<{ value: T; headers: Answered['headers'] } | undefined>
  /** The same for what has no answer. */
  command(command: Command): Promise<void>
}

/** Makes an {@link AskIssuer}. */
export function createAskIssuer(sender: Sender): AskIssuer {
  const send = ({ body, maxAnswerBytes = ONE_BYTES, ...question }: Command) =>
    sender.send({ ...question, maxAnswerBytes, ...(body !== undefined && { body: JSON.stringify(body) }) })

  return {
    async ask(question) {
      const sent = await send(question)
      return readValue(question, sent)
    },
    async askIfChanged(question) {
      const sent = await send(question)
      if (sent.answer.status === 304 && question.headers?.['if-none-match'] !== undefined) return undefined
      return { value: readValue(question, sent), headers: sent.answer.headers }
    },
    async command(command) {
      const sent = await send(command)
      if (sent.answer.status !== 204) throw toError(command, sent)
    },
  }
}

function readValue<T>(question: Question<T>, sent: SentRequest): T {
  const { answer } = sent
  if (answer.status !== question.status) throw toError(question, sent)
  const value = parseJson(answer)
  if (question.shape(value)) return value
  throw notTheApi('its answer is another one than the API has', {
    operation: question.operation,
    status: answer.status,
  })
}

/** What an answer means that is not the one that was wanted. */
function toError({ operation }: Pick<Command, 'operation'>, { answer, tries, bearer }: SentRequest): Error {
  const { status } = answer
  if (status >= 500) return issuerFailed(answer, { operation, tries })
  const body = status >= 400 ? parseJson(answer) : undefined
  if (shapes.errorBody(body)) {
    return new IssuerRefusal({
      status,
      error: body.error,
      description: withoutSecrets(body.error_description, bearer),
    })
  }
  return notTheApi(`it answered ${status}`, { operation, status })
}

/** The JSON of an answer; undefined when it is none. The parser's own error quotes what it read, which may be a token. */
function parseJson({ headers, text }: Answered): unknown {
  const contentType = headers['content-type']
  if (typeof contentType !== 'string' || !/^application\/json(;|$)/i.test(contentType)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
