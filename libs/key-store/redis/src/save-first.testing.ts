// Run as a process of its own by the tests: saves a first ring when told to, and says whether it won.
import { argv, pid, stdin, stdout } from 'node:process'
import { isIssuerError } from '@workload-identity/core'
import { createRedisClient, parseRedisUrl } from '@workload-identity/driver-redis'
import { createRedisKeyStore } from './index.ts'

const [, , url = '', clusterId = ''] = argv
const client = createRedisClient(parseRedisUrl(url))
await client.connect()
const store = createRedisKeyStore({ client, clusterId })
stdout.write('connected\n')
stdin.once('data', () => {
  void save().finally(() => client.close())
  stdin.pause()
})

async function save(): Promise<void> {
  try {
    await store.save({ generation: 1, write_id: `process-${pid}`, document: '{}' }, undefined)
    stdout.write('won\n')
  } catch (error) {
    stdout.write(isIssuerError(error) ? `${error.code}\n` : 'failed\n')
  }
}
