/** What a server takes from a client, and for how long it waits. */
export interface HttpLimits {
  /** Path and query of a request, in bytes; more is a 414. */
  readonly uriBytes: number
  /** All header fields of a request together, in bytes; more is a 431. */
  readonly headerBytes: number
  /** Header fields of a request; more is a 431. */
  readonly headerFields: number
  /** The body of a request, in bytes; more is a 413. */
  readonly bodyBytes: number
  /** What is read and thrown away of a body that was refused, so that the client gets to see the answer. */
  readonly drainedBytes: number
  /** Open connections of one listener; further ones are closed at once. */
  readonly connections: number
  /** From the first byte of a request to the end of its header. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number
  /** What a handler may take once the body is there; then 503. */
  readonly handlerTimeoutMs: number
  /** A connection between two requests; longer than the 60 s of common load balancers, which must be first to close. */
  readonly keepAliveTimeoutMs: number
  /** A connection on which nothing moves. */
  readonly idleTimeoutMs: number
  /** How often the time-outs above are checked. */
  readonly timeoutCheckMs: number
}

/** The limits of all three servers. */
export const HTTP_LIMITS: HttpLimits = {
  uriBytes: 8 * 1024,
  headerBytes: 16 * 1024,
  headerFields: 100,
  bodyBytes: 64 * 1024,
  drainedBytes: 8 * 1024 * 1024,
  connections: 4096,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  handlerTimeoutMs: 25_000,
  keepAliveTimeoutMs: 72_000,
  idleTimeoutMs: 120_000,
  timeoutCheckMs: 2_000,
}
