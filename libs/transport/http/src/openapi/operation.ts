import type { TSchema } from 'typebox'

/** How a successful answer looks. For documentation: it takes no part in how answers are made. */
export interface AnswerDocs {
  readonly description: string
  /** Absent when there is no body. */
  readonly schema?: TSchema
  /** `application/json` unless given. */
  readonly contentType?: string
  /** Whether it may be kept: it has a lifetime, an `ETag` and CORS; any other answer is `no-store`. */
  readonly isCacheable?: boolean
  /** Whether it has an `ETag` to ask again with, and is not to be kept all the same. */
  readonly hasEntityTag?: boolean
  /** Whether it says in `Location` where the new thing is. */
  readonly hasLocation?: boolean
}

/** What the OpenAPI document says of a route beyond its request schemas. */
export interface OperationDocs {
  /** Unique among the three servers; `HEAD` of the same route is named `head…` instead of `get…`. */
  readonly operationId: string
  readonly summary: string
  readonly description: string
  /** Who may ask: a sandbox, a runner or an admin by its secret, a runner also by its client certificate, or anybody. */
  readonly caller: 'anybody' | 'sandbox' | 'runner' | 'admin' | 'admin or runner'
  /** Successful answers by status. */
  readonly answers: Readonly<Record<number, AnswerDocs>>
  /** Statuses of refusals beyond those that follow from method, caller and body. */
  readonly refusals?: readonly (404 | 409 | 429)[]
}
