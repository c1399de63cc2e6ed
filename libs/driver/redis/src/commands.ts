import type { Redis } from 'ioredis'
import { replyCode } from './store-error.ts'

/** A command as sent: its name and its arguments. */
export type RedisCommand = readonly [name: string, ...args: (string | number)[]]

/** What became of one command of several. */
export type CommandOutcome = { readonly reply: unknown } | { readonly error: unknown }

/** Sends the commands to one server in one piece, on one connection, and gives the outcome of each. */
export async function sendTogether(
  node: Redis,
  commands: readonly RedisCommand[],
): Promise<CommandOutcome[]> {
  const pipeline = node.pipeline()
  for (const [name, ...args] of commands) pipeline.call(name, ...args.map(String))
  const results = (await pipeline.exec()) ?? []
  return results.map(([error, reply]) => (error === null ? { reply } : { error }))
}

/** Sends one command and gives its reply. */
export async function send(node: Redis, [name, ...args]: RedisCommand): Promise<unknown> {
  return node.call(name, ...args.map(String))
}

/** The reply of an outcome. @throws the error it was instead. */
export function replyOf(outcome: CommandOutcome | undefined): unknown {
  if (outcome === undefined) throw new Error('Connection is closed.')
  if ('error' in outcome) throw outcome.error
  return outcome.reply
}

/** Where a Cluster sends a command that came to the wrong node; `undefined` when the error is another one. */
export function redirectionOf(error: unknown): 'moved' | 'ask' | 'later' | undefined {
  switch (replyCode(error)) {
    case 'MOVED':
      return 'moved'
    case 'ASK':
      return 'ask'
    case 'TRYAGAIN':
      return 'later'
    default:
      return undefined
  }
}
