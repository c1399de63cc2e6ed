import { isIssuerError } from '@workload-identity/core'
import { onTestFinished } from 'vitest'
import {
  createRedisClient,
  defineScript,
  type RedisAddress,
  type RedisClient,
  type RedisClientOptions,
} from './index.ts'

const put = defineScript("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])")

/** A client with short limits, closed when the running test ends; not connected yet. */
export function createTestClient(
  address: RedisAddress,
  options: Partial<RedisClientOptions> = {},
): RedisClient {
  const client = createRedisClient({ address, commandTimeoutMs: 1000, connectTimeoutMs: 3000, ...options })
  onTestFinished(() => client.close())
  return client
}

/** The address of one server, database 0, without TLS. */
export function addressOf(server: { readonly host: string; readonly port: number }): RedisAddress {
  return { kind: 'single', server, db: 0, tls: false }
}

/** Writes a value durably and gives what is stored then, or the code of the error. */
export async function tryPut(client: RedisClient, key: string, value: string): Promise<unknown> {
  return orCode(client.runDurableScript(put, { keys: [key], args: [value], doing: 'put in' }))
}

/** The value of a key, or the code of the error. */
export async function tryGet(client: RedisClient, key: string): Promise<unknown> {
  return orCode(client.read(key, ['GET', key], 'get from'))
}

/** What `work` gives, or the code of the `IssuerError` it is rejected with. */
async function orCode(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    if (isIssuerError(error)) return error.code
    throw error
  }
}
