import type { Redis } from 'ioredis'

/**
 * A way to the servers with connections of its own. There is one for reads and one for writes, because a write that
 * waits for a replica blocks everything behind it on its connection.
 */
export interface Lane {
  /** Starts connecting and goes on trying until `close`; rejected when the first attempt fails. */
  connect(): Promise<void>
  /** Ends every connection and attempt; what is under way is rejected. */
  close(): Promise<void>
  /** Does `work` with the server that has `key`; again with another one where a Cluster says so. */
  run<T>(key: string, work: NodeWork<T>): Promise<T>
  /** The servers that take writes: one, or every primary of a Cluster. */
  primaries(): readonly Redis[]
  /** What went wrong with the connection last, while there is none. */
  trouble(): Error | undefined
}

/** What is done with a server. When `asking`, the commands must follow an `ASKING`. */
export type NodeWork<T> = (node: Redis, asking: boolean) => Promise<T>

/** Settles as `work` does, or is rejected with "timed out" after `limitMs`. */
export async function withDeadline<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('Command timed out')), limitMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
