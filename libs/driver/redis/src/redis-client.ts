import { createClusterLane } from './cluster-lane.ts'
import { replyOf, send, sendTogether, type RedisCommand } from './commands.ts'
import { writeDurably } from './durable-write.ts'
import { watchFailovers } from './failover-watch.ts'
import { inspectServers, type ServerFinding } from './inspect-server.ts'
import { hurryTogether } from './kept-connection.ts'
import type { Lane } from './lane.ts'
import { formatRedisAddress } from './redis-address.ts'
import { resolveRedisOptions, type RedisClientOptions, type ResolvedRedisOptions } from './redis-options.ts'
import type { RedisScript } from './redis-script.ts'
import { rewriteFiles } from './rewrite-files.ts'
import { createServerLane } from './server-lane.ts'
import { replyCode, toStoreError } from './store-error.ts'
import { createSubscriber } from './subscriber.ts'

/** A call of a script. All keys are in one slot. */
export interface ScriptCall {
  readonly keys: readonly [string, ...string[]]
  readonly args: readonly (string | number)[]
  /** What is being done, as in "cannot … redis://…": `'save the key ring in'`. */
  readonly doing: string
}

/**
 * Redis as the adapters use it. Every operation but `rewriteFiles` settles within `commandTimeoutMs`; it is rejected with
 * `ERR_STORE_UNAVAILABLE` when Redis cannot be asked or refuses and `ERR_STORE_CORRUPT` when a key is of another type.
 * While there is no connection it is rejected at once, unless others of the client were just made again and its own is about to
 * be. Connections are made anew without end until `close`.
 */
export interface RedisClient {
  /** The address as a URL without credentials. */
  readonly address: string
  /**
   * Starts connecting. Rejected with `ERR_STORE_UNAVAILABLE` when it does not work at once; the attempts go on then, so
   * whoever gives up calls `close`.
   */
  connect(): Promise<void>
  /** Ends every connection and attempt. What is under way is rejected. */
  close(): Promise<void>
  /** Sends a command that only reads, to the server that has `key`. */
  read(key: string, command: RedisCommand, doing: string): Promise<unknown>
  /** Runs a script that only reads. */
  runScript(script: RedisScript, call: ScriptCall): Promise<unknown>
  /** Runs a script that writes; when it resolves and the server has replicas, one of them has the write too. */
  runDurableScript(script: RedisScript, call: ScriptCall): Promise<unknown>
  /** Announces something on a channel. */
  publish(channel: string, message: string): Promise<void>
  /** Calls `listener` after a message on `channel`; a hint that may be missed. The function it gives ends it. */
  subscribe(channel: string, listener: () => void): () => void
  /**
   * Makes the server that has `key` write its append-only file and its snapshot anew, where it keeps them, so that
   * replaced values are in neither, and waits until that is done, some seconds at most. Gives what is left undone, a
   * sentence each.
   */
  rewriteFiles(key: string, doing: string): Promise<readonly string[]>
  /** What about the servers' settings an operator should know before relying on them. */
  inspect(): Promise<readonly ServerFinding[]>
}

/** A client of one Redis, Sentinel group or Cluster. It does no I/O before `connect`; the caller closes it. */
export function createRedisClient(options: RedisClientOptions): RedisClient {
  const resolved = resolveRedisOptions(options)
  const address = formatRedisAddress(resolved.address)
  const reads = createLane(resolved)
  const writes = createLane(resolved)
  const subscriber = createSubscriber(resolved)
  const connections = [reads, writes, subscriber]
  hurryTogether(connections)
  const failovers =
    resolved.address.kind === 'sentinel'
      ? watchFailovers(resolved, resolved.address, (primary) => {
          for (const connection of connections) connection.leaveFor(primary)
        })
      : undefined

  const guarded = async <T>(lane: Lane, doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      // "Not connected" says less than why there is no connection, a refused password for example.
      throw toStoreError(isNotConnected(error) ? (lane.trouble() ?? error) : error, { doing, address })
    }
  }
  const read = (key: string, command: RedisCommand) =>
    reads.run(key, async (node, asking) => {
      if (!asking) return send(node, command)
      return replyOf((await sendTogether(node, [['ASKING'], command]))[1])
    })
  const write = (key: string, command: RedisCommand) =>
    writes.run(key, (node, asking) =>
      writeDurably({
        node,
        prelude: asking ? [['ASKING']] : [],
        command,
        replicaTimeoutMs: resolved.replicaTimeoutMs,
        address,
      }),
    )

  return {
    address,
    async connect() {
      failovers?.start()
      await Promise.all([reads, writes].map((lane) => guarded(lane, 'connect to', () => lane.connect())))
    },
    async close() {
      await Promise.all([reads.close(), writes.close(), subscriber.close(), failovers?.close()])
    },
    read: (key, command, doing) => guarded(reads, doing, () => read(key, command)),
    runScript: (script, call) => guarded(reads, call.doing, () => evaluate(read, script, call)),
    runDurableScript: (script, call) => guarded(writes, call.doing, () => evaluate(write, script, call)),
    async publish(channel, message) {
      // The channel stands in for a key: a Cluster passes messages on to all of its nodes.
      await guarded(reads, 'announce on', () => read(channel, ['PUBLISH', channel, message]))
    },
    subscribe: (channel, listener) => subscriber.subscribe(channel, listener),
    rewriteFiles: (key, doing) =>
      guarded(reads, doing, () => reads.run(key, (node) => rewriteFiles(node, address))),
    inspect: () => guarded(reads, 'inspect', () => inspectServers(reads.primaries(), resolved.address)),
  }
}

/** Runs a script by its name, and by its text where the server does not know it (yet, or after a failover). */
async function evaluate(
  run: (key: string, command: RedisCommand) => Promise<unknown>,
  script: RedisScript,
  { keys, args }: ScriptCall,
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...args] as const
  try {
    return await run(keys[0], ['EVALSHA', script.sha1, ...rest])
  } catch (error) {
    // The only error of a script that was not run at all.
    if (replyCode(error) !== 'NOSCRIPT') throw error
    return await run(keys[0], ['EVAL', script.lua, ...rest])
  }
}

function createLane(options: ResolvedRedisOptions): Lane {
  const { address } = options
  return address.kind === 'cluster' ? createClusterLane(options, address) : createServerLane(options, address)
}

function isNotConnected(error: unknown): boolean {
  return (
    error instanceof Error &&
    /isn't writeable|Connection is closed|not? ready|None of startup/.test(error.message)
  )
}
