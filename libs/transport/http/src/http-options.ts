import type { HttpErrorCode } from '@workload-identity/api'
import type { IssuerErrorCode } from '@workload-identity/core'
import type { FastifyBaseLogger } from 'fastify'

/** Which of the three servers something happened on. */
export type ListenerName = 'public' | 'token' | 'control'

/** One answer that was given, for metrics. Holds nothing that a caller chose freely. */
export interface HttpAnswerFacts {
  readonly listener: ListenerName
  /** The method, or `unknown` when the request was not understood far enough to have one. */
  readonly method: string
  /** The pattern of the route, never the path that was asked for; `unknown` when no route matched. */
  readonly route: string
  readonly status: number
  /** Why it was refused or failed: the issuer's code when an error of it was the reason, else the answer's `error`. */
  readonly code?: IssuerErrorCode | HttpErrorCode
  /** From the request's head to the end of the answer; 0 for requests that could not be parsed. */
  readonly seconds: number
}

/** A certificate chain and its private key, as the texts of PEM files. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
  /**
   * The authorities of client certificates. With them a certificate is requested, not required; sessions are not
   * resumed, so that each connection proves its certificate anew.
   */
  readonly clientCa?: string
}

/** What the three servers have in common. */
export interface HttpOptions {
  readonly logger: FastifyBaseLogger
  /** Serves TLS (1.2 and later) with this pair; plain HTTP unless given. */
  readonly tls?: TlsPair
  /**
   * Addresses and CIDR ranges of proxies whose `X-Forwarded-For` tells the client's address; none when empty. It is
   * used in logs only: neither an identity nor a URL ever comes from it.
   */
  readonly trustedProxies: readonly string[]
  /** Called after every answer. */
  readonly onAnswer?: (answer: HttpAnswerFacts) => void
}
