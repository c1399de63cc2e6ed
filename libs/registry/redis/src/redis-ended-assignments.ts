import {
  unixSeconds,
  type EndedAssignment,
  type EndedAssignments,
  type UnixSeconds,
} from '@workload-identity/core'
import { putNotes, readNotes, removeNotes } from './ended-scripts.ts'
import { endedKeys, shardOfId, shards, type EndedKeys } from './registry-keys.ts'
import { noteCorrupt, type RedisRegistryOptions } from './registry-options.ts'

/** How many notes one script writes: enough to hide the round trips, too few to hold others up. */
const NOTES_AT_ONCE = 1000

/** Of how many runners one script deletes notes. */
const RUNNERS_AT_ONCE = 100

/**
 * Notes about ended assignments in Redis, for any number of issuers. They belong to no registry ID: a registry that was
 * lost leaves them as they are. Does no I/O until it is used.
 */
export function createRedisEndedAssignments(
  options: Omit<RedisRegistryOptions, 'registryId'>,
): EndedAssignments {
  const { client } = options
  const keys = endedKeys(options)
  const keysOf = (shard: number): EndedKeys => {
    const found = keys[shard]
    if (found === undefined) throw new RangeError(`there is no shard ${shard}`)
    return found
  }
  const scriptKeys = ({ runners, notesPrefix }: EndedKeys, ids: readonly string[]): [string, ...string[]] => [
    runners,
    ...ids.map((id) => notesPrefix + id),
  ]
  /** One after the other, so that of two notes about the same sandbox the later one counts. */
  const putInShard = async (shard: number, notes: readonly EndedAssignment[]): Promise<void> => {
    for (let start = 0; start < notes.length; start += NOTES_AT_ONCE) {
      const batch = notes.slice(start, start + NOTES_AT_ONCE)
      const runners = [...new Set(batch.map(({ runner_id }) => runner_id))]
      const numbers = new Map(runners.map((id, index) => [id, index + 1]))
      await client.runDurableScript(putNotes, {
        keys: scriptKeys(keysOf(shard), runners),
        args: [
          ...runners,
          ...batch.flatMap((note) => [numbers.get(note.runner_id) ?? 0, note.ended_at, note.sandbox_id]),
        ],
        doing: 'note ended assignments in',
      })
    }
  }
  const removeFromShard = async (shard: number, moment: UnixSeconds, limit: number): Promise<number> => {
    const doing = 'remove notes about ended assignments from'
    const shardKeys = keysOf(shard)
    let removed = 0
    while (removed < limit) {
      const reply = await client.read(
        shardKeys.runners,
        ['ZRANGEBYSCORE', shardKeys.runners, '-inf', `(${moment}`, 'LIMIT', 0, RUNNERS_AT_ONCE],
        doing,
      )
      const runners = Array.isArray(reply) ? reply.map(String) : []
      if (runners.length === 0) break
      const count = await client.runDurableScript(removeNotes, {
        keys: scriptKeys(shardKeys, runners),
        args: [moment, limit - removed, ...runners],
        doing,
      })
      removed += Number(count)
    }
    return removed
  }

  return {
    async put(ended) {
      const byShard = Map.groupBy(ended, ({ runner_id }) => shardOfId(runner_id))
      await Promise.all([...byShard].map(([shard, notes]) => putInShard(shard, notes)))
    },

    async list(runnerId, from, until) {
      const key = keysOf(shardOfId(runnerId)).notesPrefix + runnerId
      const reply = await client.runScript(readNotes, {
        keys: [key],
        args: [from, until],
        doing: 'read notes about ended assignments from',
      })
      const texts = Array.isArray(reply) ? reply.map(String) : []
      const notes: EndedAssignment[] = []
      for (let index = 0; index + 1 < texts.length; index += 2) {
        const endedAt = Number(texts[index + 1])
        if (!Number.isSafeInteger(endedAt)) throw noteCorrupt(client)
        const sandbox_id = texts[index] ?? ''
        notes.push({ runner_id: runnerId, sandbox_id, ended_at: unixSeconds(endedAt) })
      }
      return notes.sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
    },

    async removeBefore(moment, limit) {
      let removed = 0
      for (const shard of shards) {
        if (removed >= limit) break
        removed += await removeFromShard(shard, moment, limit - removed)
      }
      return removed
    },
  }
}
