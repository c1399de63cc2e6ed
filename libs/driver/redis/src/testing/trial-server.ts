import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { createRedisClient, type RedisClient } from '../redis-client.ts'
import { parseRedisUrl } from '../redis-address.ts'
import { startRedisServer, type RedisServerOptions } from './redis-servers.ts'

/** Tells the processes of a trial where its server is. */
const VARIABLE = 'WID_TRIAL_REDIS'
/** Eight processes that wait for each other's syncs to disk, on a slow machine, must not give up. */
const COMMAND_TIMEOUT_MS = 20_000
const RESTART_ATTEMPTS = 50

/** A server for the trials of the contracts, which their processes reach by {@link openTrialClient}. */
export interface TrialRedis {
  /** Kills it with SIGKILL, which is sent before this returns, and starts it again on what it left; resolves when it answers. */
  crash(): Promise<void>
  /** Ends it and removes what it kept. */
  stop(): Promise<void>
}

/** Starts a server for this process and those it starts from now on. */
export async function startTrialRedis(options: RedisServerOptions = {}): Promise<TrialRedis> {
  const server = await startRedisServer(options)
  process.env[VARIABLE] = `redis://${server.host}:${server.port}`
  return {
    async crash() {
      await server.kill()
      for (let attempt = 1; ; attempt += 1) {
        try {
          await server.restart()
          return
        } catch (error) {
          // For a moment the port may be that of somebody's outgoing connection.
          if (attempt === RESTART_ATTEMPTS || !String(error).includes('Address already in use')) throw error
          await pause(100)
        }
      }
    },
    stop: () => server.stop(),
  }
}

/** A connected client of the trial's server, and the cluster ID that stands for a location. The caller closes the client. */
export async function openTrialClient(
  location: string,
): Promise<{ readonly client: RedisClient; readonly clusterId: string }> {
  const client = createRedisClient({
    ...parseRedisUrl(process.env[VARIABLE] ?? ''),
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  })
  await client.connect()
  return { client, clusterId: createHash('sha256').update(location).digest('hex').slice(0, 32) }
}
