import type { Redis } from 'ioredis'
import type { Hurriable, KeptConnection } from './kept-connection.ts'

/**
 * A way to the servers with connections of its own. There is one for reads and one for writes, because a write that
 * waits for a replica blocks everything behind it on its connection.
 */
export interface Lane extends Hurriable, Pick<KeptConnection, 'leaveFor'> {
  /** Starts connecting and goes on trying until `close`; rejected when the first attempt fails. */
  connect(): Promise<void>
  /** Ends every connection and attempt; what is under way is rejected. */
  close(): Promise<void>
  /**
   * Does `work` with the server that has `key`; again with another one where a Cluster says so. Rejected at once while
   * there is no connection, unless one is being made that should succeed because others of the client just did.
   */
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

/** Does `work` after the attempt that the connection was hurried to, and not at all if that takes until `limitMs`. */
export async function afterHurry<T>(
  connection: KeptConnection,
  work: () => Promise<T>,
  limitMs: number,
): Promise<T> {
  const attempt = connection.hurried()
  if (attempt === undefined) return work()
  let isLate = false
  const inTime = async () => {
    await attempt
    // Nobody waits any more, and a write must not happen after it was said to have failed.
    if (isLate) throw new Error('Command timed out')
    return work()
  }
  try {
    return await withDeadline(inTime(), limitMs)
  } finally {
    isLate = true
  }
}
