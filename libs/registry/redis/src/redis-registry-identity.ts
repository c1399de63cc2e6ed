import type { RegistryIdentity } from '@workload-identity/core'
import { registryIdKey, shardKeys } from './registry-keys.ts'
import type { RedisRegistryOptions } from './registry-options.ts'
import { claimRegistryId, countFields, markShard, readMarks } from './registry-scripts.ts'

/**
 * The identity of a registry in Redis. One key decides on the ID; every hash of records or secrets holds it too, so that
 * a part that was lost is told from an empty one. With a part lost, `read` gives `undefined`, and a `claim` makes the part
 * anew. Does no I/O until it is used.
 */
export function createRedisRegistryIdentity(
  options: Omit<RedisRegistryOptions, 'registryId'>,
): RegistryIdentity {
  const { client } = options
  const idKey = registryIdKey(options)
  const runners = shardKeys(options, 'runner')
  const shards = shardKeys(options, 'sandbox').map((sandbox, shard) => ({
    records: [sandbox.records, runners[shard]?.records ?? ''] as const,
    secrets: [sandbox.secrets, runners[shard]?.secrets ?? ''] as const,
  }))
  return {
    async read() {
      const doing = 'read the registry ID from'
      const id = await client.read(idKey, ['GET', idKey], doing)
      if (typeof id !== 'string') return undefined
      const marks = await Promise.all(
        shards.map(({ records, secrets }) =>
          client.runScript(readMarks, { keys: [...records, ...secrets], args: [], doing }),
        ),
      )
      return marks.flat().every((mark) => mark === id) ? id : undefined
    },

    async claim(candidate) {
      const doing = 'write the registry ID to'
      const call = { keys: [idKey] as const, args: [candidate], doing }
      const id = String(await client.runDurableScript(claimRegistryId, call))
      await Promise.all(
        shards.map(({ records, secrets }) =>
          client.runDurableScript(markShard, { keys: [...records, ...secrets], args: [id], doing }),
        ),
      )
      return id
    },

    async isEmpty() {
      const counts = await Promise.all(
        shards.map(({ records }) =>
          client.runScript(countFields, { keys: records, args: [], doing: 'look for records in' }),
        ),
      )
      return counts.every((count) => count === 0)
    },
  }
}
