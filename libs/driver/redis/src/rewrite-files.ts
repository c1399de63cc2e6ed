import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { send, sendTogether, type CommandOutcome } from './commands.ts'
import { configValue, infoField } from './server-info.ts'
import { replyCode } from './store-error.ts'

/** A file of the server with the command that writes it anew, and the fields of INFO that tell how that goes. */
interface ServerFile {
  readonly name: string
  readonly command: 'BGREWRITEAOF' | 'BGSAVE'
  readonly runningFields: readonly string[]
  readonly statusField: string
}

const appendOnlyFile: ServerFile = {
  name: 'append-only file',
  command: 'BGREWRITEAOF',
  runningFields: ['aof_rewrite_in_progress', 'aof_rewrite_scheduled'],
  statusField: 'aof_last_bgrewrite_status',
}
const snapshot: ServerFile = {
  name: 'snapshot',
  command: 'BGSAVE',
  runningFields: ['rdb_bgsave_in_progress'],
  statusField: 'rdb_last_bgsave_status',
}

const WAIT_MS = 5000
const PAUSE_MS = 25

/**
 * Makes a server write the files anew that it keeps, so that values replaced before this call are in none of them, and
 * waits until that is done. Gives what is left undone, a sentence each. A server that keeps no file gets none.
 */
export async function rewriteFiles(node: Redis, server: string): Promise<readonly string[]> {
  const [persistence, replication, save] = await sendTogether(node, [
    ['INFO', 'persistence'],
    ['INFO', 'replication'],
    ['CONFIG', 'GET', 'save'],
  ])
  if (persistence !== undefined && 'error' in persistence) {
    if (replyCode(persistence.error) !== 'NOPERM') throw persistence.error
    return [
      `${server} does not tell which files it keeps: grant INFO, or run BGREWRITEAOF and BGSAVE yourself`,
    ]
  }
  const undone: string[] = []
  if (infoField(persistence, 'aof_enabled') !== '0')
    undone.push(...(await rewrite(node, server, appendOnlyFile)))
  if (keepsSnapshot(persistence, save)) undone.push(...(await rewrite(node, server, snapshot)))
  if ((infoField(replication, 'connected_slaves') ?? '0') !== '0') {
    undone.push(`replicas of ${server} keep files of their own: run BGREWRITEAOF and BGSAVE there`)
  }
  return undone
}

// One that was saved by hand since the start counts, too; whoever tells nothing is taken to keep one.
function keepsSnapshot(persistence: CommandOutcome | undefined, save: CommandOutcome | undefined): boolean {
  return configValue(save) !== '' || infoField(persistence, 'rdb_last_bgsave_time_sec') !== '-1'
}

async function rewrite(node: Redis, server: string, file: ServerFile): Promise<readonly string[]> {
  const { command, name } = file
  const later = `it holds replaced values until it is written anew: run ${command} there`
  // One that runs already may have begun before the last change, so it is awaited and followed by another.
  if (!(await waitUntilIdle(node, file))) return [`${server} is writing its ${name} for long; ${later}`]
  try {
    await send(node, [command])
  } catch (error) {
    const reason = replyCode(error)
    if (reason === undefined) throw error
    return [`${server} refuses to write its ${name} anew (${reason}); ${later}, or grant it to the issuer`]
  }
  if (!(await waitUntilIdle(node, file))) return [`${server} is writing its ${name} anew for long; ${later}`]
  const [info] = await sendTogether(node, [['INFO', 'persistence']])
  if (infoField(info, file.statusField) === 'ok') return []
  return [`${server} could not write its ${name} anew, see its log; ${later}`]
}

async function waitUntilIdle(node: Redis, { runningFields }: ServerFile): Promise<boolean> {
  for (let waitedMs = 0; waitedMs <= WAIT_MS; waitedMs += PAUSE_MS) {
    const [info] = await sendTogether(node, [['INFO', 'persistence']])
    if (runningFields.every((field) => infoField(info, field) === '0')) return true
    await setTimeout(PAUSE_MS)
  }
  return false
}
