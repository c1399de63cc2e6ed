import { IssuerError } from '@workload-identity/core'
import type { Redis } from 'ioredis'
import { replyOf, send, sendTogether, type RedisCommand } from './commands.ts'
import { isTimeout } from './store-error.ts'

// The connections on which replicas were seen. From then on a write without one is refused until the connection is made
// anew: a replica that is away for a moment must not make writes less safe than they were.
const replicated = new WeakSet<Redis['stream']>()

/** One write on one server. */
export interface DurableWrite {
  readonly node: Redis
  /** Sent before the write; `ASKING` or nothing. */
  readonly prelude: readonly RedisCommand[]
  readonly command: RedisCommand
  readonly replicaTimeoutMs: number
  readonly address: string
}

/**
 * Sends a write and gives its reply once a replica has it too, if the server has replicas: `WAIT 1` right behind it on the
 * same connection. Whether there are replicas is asked together with every write until some were seen.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when no replica confirmed in time or the server does not tell whether it
 * has any. The write may have happened.
 */
export async function writeDurably({
  node,
  prelude,
  command,
  replicaTimeoutMs,
  address,
}: DurableWrite): Promise<unknown> {
  const connection = node.stream
  const wait: RedisCommand = ['WAIT', 1, replicaTimeoutMs]
  const isReplicated = replicated.has(connection)
  try {
    const second: RedisCommand = isReplicated ? wait : ['INFO', 'replication']
    const outcomes = await sendTogether(node, [...prelude, command, second])
    const reply = replyOf(outcomes[prelude.length])
    const answer = replyOf(outcomes[prelude.length + 1])
    if (isReplicated) assertConfirmed(answer, address)
    else if (hasReplicas(answer)) {
      replicated.add(connection)
      // WAIT counts from the last write of its own connection; on a new one it would confirm nothing.
      if (node.stream !== connection) throw new Error('Connection is closed.')
      assertConfirmed(await send(node, wait), address)
    }
    return reply
  } catch (error) {
    // Nothing more is sent behind a write that hangs, and what is queued there must not be done much later.
    if (isTimeout(error) && node.stream === connection) node.disconnect(true)
    throw error
  }
}

function hasReplicas(info: unknown): boolean {
  return /^slave\d+:.*state=online/m.test(String(info))
}

function assertConfirmed(confirmations: unknown, address: string): void {
  if (Number(confirmations) >= 1) return
  throw new IssuerError(
    'ERR_STORE_UNAVAILABLE',
    `no replica of ${address} confirmed a write in time: see why its replicas are away; if it shall have none any more, restart the issuers`,
    { details: { address } },
  )
}
