import { IssuerError, isIssuerError, type IssuerErrorCode } from '@workload-identity/core'

interface Trouble {
  readonly code: IssuerErrorCode
  /** What is wrong and the way out, as the end of a sentence about the Redis. */
  readonly explanation: string
}

// By the first word of an error reply.
const troubles: Readonly<Record<string, Trouble>> = {
  READONLY: unavailable('the server is a replica; name the primary, or let Sentinel name it'),
  LOADING: unavailable('the server is still reading its data from disk; try again'),
  MASTERDOWN: unavailable('the replica has lost its primary; see why the primary is down'),
  NOREPLICAS: unavailable('too few replicas are connected to take a write; see why they are away'),
  OOM: unavailable('its memory is full; raise maxmemory'),
  MISCONF: unavailable('it cannot write its data to disk and refuses changes; see its log'),
  BUSY: unavailable('another script blocks it; end that script'),
  CLUSTERDOWN: unavailable('the cluster does not serve all slots; see which nodes are down'),
  TRYAGAIN: unavailable('the cluster is moving a slot; try again'),
  MOVED: unavailable('the slots of the cluster keep moving; try again'),
  ASK: unavailable('the cluster is moving a slot; try again'),
  UNBLOCKED: unavailable('the server became a replica in the middle of it; try again'),
  NOAUTH: unavailable('it wants a password; set user and password'),
  WRONGPASS: unavailable('it refuses user and password; correct them'),
  NOPERM: unavailable('its ACL forbids the user a command, key or channel; grant what the README lists'),
  WRONGTYPE: {
    code: 'ERR_STORE_CORRUPT',
    explanation: 'a key is of another type than this program writes; see who else uses the prefix',
  },
}

const timedOut = unavailable('it did not answer in time; see whether the server is overloaded or stopped')
const unreachable = unavailable('it cannot be reached; see that it runs and is reachable from here')
const otherTrouble = unavailable('it refused; the cause says why')

/** What was wanted and of which Redis, for an error text. */
export interface RedisTask {
  /** As in "cannot … <address>": `'load the key ring from'`. */
  readonly doing: string
  /** Address without credentials. */
  readonly address: string
}

/**
 * The error to throw for `error`, whatever ioredis rejected with: an `IssuerError` with code `ERR_STORE_CORRUPT` when what
 * is stored is at fault, otherwise `ERR_STORE_UNAVAILABLE`. The cause keeps the words of the server and loses the
 * arguments of the command, which may be a password or a key ring. An `IssuerError` is given back as it is.
 */
export function toStoreError(error: unknown, { doing, address }: RedisTask): IssuerError {
  if (isIssuerError(error)) return error
  const cause = withoutArguments(error)
  const { code, explanation } = troubleOf(cause.message)
  return new IssuerError(code, `cannot ${doing} ${address}: ${explanation}`, {
    details: { address },
    cause,
  })
}

/** The first word of an error reply, such as `NOSCRIPT`; what is not an error reply has no such word. */
export function replyCode(error: unknown): string | undefined {
  return error instanceof Error ? /^[A-Z][A-Z0-9]+(?= |$)/.exec(error.message)?.[0] : undefined
}

/** Whether ioredis gave up waiting for an answer. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timed out|ETIMEDOUT|Socket timeout/.test(error.message)
}

/** The same error with its message only: ioredis hangs the whole command, arguments included, on every error reply. */
export function withoutArguments(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error)
  const plain = new Error(message.replace(/,? with args beginning with[\s\S]*$/, '').slice(0, 300))
  plain.name = error instanceof Error ? error.name : 'Error'
  return plain
}

function troubleOf(message: string): Trouble {
  const code = /^[A-Z][A-Z0-9]+(?= |$)/.exec(message)?.[0]
  const known = code === undefined ? undefined : troubles[code]
  if (known !== undefined) return known
  if (/timed out|ETIMEDOUT|Socket timeout/.test(message)) return timedOut
  if (code === 'ERR' || code === 'NOSCRIPT') return otherTrouble
  return unreachable
}

function unavailable(explanation: string): Trouble {
  return { code: 'ERR_STORE_UNAVAILABLE', explanation }
}
