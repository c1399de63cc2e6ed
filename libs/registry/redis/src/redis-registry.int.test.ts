import { randomUUID } from 'node:crypto'
import {
  endedAssignmentsContract,
  registryContract,
  sealedRegistryContract,
  type RegistryHarness,
} from '@workload-identity/contracts'
import { createRedisClient, type RedisClient } from '@workload-identity/driver-redis'
import { redisCli, startRedisServer, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll } from 'vitest'
import {
  createRedisEndedAssignments,
  createRedisRegistryIdentity,
  createRedisRunnerRegistry,
  createRedisSandboxRegistry,
} from './index.ts'

let server: RedisProcess
beforeAll(async () => {
  // What survives a crash is tested elsewhere, and waiting for the disk 10 000 times is slow.
  server = await startRedisServer({ settings: ['--appendfsync', 'no'] })
})
afterAll(async () => {
  await server.stop()
})

async function createHarness(): Promise<RegistryHarness> {
  await redisCli(server, 'FLUSHALL')
  const clients: RedisClient[] = []
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()))
  }
  return {
    async open(registryId) {
      const client = createRedisClient({ address: { kind: 'single', server, db: 0, tls: false } })
      clients.push(client)
      await client.connect()
      const options = { client, clusterId: 'prod', registryId }
      return {
        identity: createRedisRegistryIdentity(options),
        sandboxes: createRedisSandboxRegistry(options),
        runners: createRedisRunnerRegistry(options),
      }
    },
    async wipe() {
      await redisCli(server, 'FLUSHALL')
    },
    makeUnavailable: close,
    destroy: close,
  }
}

registryContract('Redis', createHarness)
sealedRegistryContract('Redis', createHarness)

endedAssignmentsContract('Redis', async () => {
  const clusterId = randomUUID()
  const clients: RedisClient[] = []
  const open = async () => {
    const client = createRedisClient({ address: { kind: 'single', server, db: 0, tls: false } })
    clients.push(client)
    await client.connect()
    return createRedisEndedAssignments({ client, clusterId })
  }
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()))
  }
  return { open, reopen: open, makeUnavailable: close, destroy: close }
})
