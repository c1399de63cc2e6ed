import { randomUUID } from 'node:crypto'
import { endedAssignmentsContract, registryContract } from '@workload-identity/contracts'
import { createRedisClient, type RedisClient } from '@workload-identity/driver-redis'
import { redisCli, startRedisCluster, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll } from 'vitest'
import {
  createRedisEndedAssignments,
  createRedisRegistryIdentity,
  createRedisRunnerRegistry,
  createRedisSandboxRegistry,
} from './index.ts'

let nodes: readonly RedisProcess[]
beforeAll(async () => {
  nodes = await startRedisCluster(3)
  // What survives a crash is tested elsewhere.
  await Promise.all(nodes.map((node) => redisCli(node, 'CONFIG', 'SET', 'appendfsync', 'no')))
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
})

registryContract('Redis Cluster', async () => {
  // A cluster ID of its own instead of an empty Redis: the registries of other clusters are none of its business.
  const clusterId = randomUUID()
  const clients: RedisClient[] = []
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()))
  }
  return {
    async open(registryId) {
      const client = createRedisClient({ address: { kind: 'cluster', nodes, tls: false } })
      clients.push(client)
      await client.connect()
      const options = { client, clusterId, registryId }
      return {
        identity: createRedisRegistryIdentity(options),
        sandboxes: createRedisSandboxRegistry(options),
        runners: createRedisRunnerRegistry(options),
      }
    },
    async wipe() {
      await Promise.all(nodes.map((node) => redisCli(node, 'FLUSHALL')))
    },
    makeUnavailable: close,
    destroy: close,
  }
})

endedAssignmentsContract('Redis Cluster', async () => {
  const clusterId = randomUUID()
  const clients: RedisClient[] = []
  const open = async () => {
    const client = createRedisClient({ address: { kind: 'cluster', nodes, tls: false } })
    clients.push(client)
    await client.connect()
    return createRedisEndedAssignments({ client, clusterId })
  }
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()))
  }
  return { open, reopen: open, makeUnavailable: close, destroy: close }
})
