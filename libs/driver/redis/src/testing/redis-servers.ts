import { writeFile } from 'node:fs/promises'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, startRedisProcess, type RedisProcess } from './redis-process.ts'

const run = promisify(execFile)
const READY = 'Ready to accept connections'

/** How a test wants a server. */
export interface RedisServerOptions {
  /** Further settings, as on the command line: `['--requirepass', 'x']`. They win over the defaults. */
  readonly settings?: readonly string[]
}

/** Starts a server that keeps every change on disk before it answers (`appendfsync always`). */
export async function startRedisServer({ settings = [] }: RedisServerOptions = {}): Promise<RedisProcess> {
  return startRedisProcess({
    readyText: READY,
    arguments: (port, directory) => [...serverArguments(port, directory), ...settings],
  })
}

/** Starts a replica of `primary`; it has the primary's data and confirms writes when this
 * resolves. */
export async function startRedisReplica(
  primary: RedisProcess,
  { settings = [] }: RedisServerOptions = {},
): Promise<RedisProcess> {
  const replica = await startRedisProcess({
    readyText: 'MASTER <-> REPLICA sync: Finished with success',
    arguments: (port, directory) => [
      ...serverArguments(port, directory),
      ...['--replicaof', primary.host, String(primary.port)],
      ...settings,
    ],
  })
  await primary.printed(`Synchronization with replica ${replica.host}:${replica.port} succeeded`)
  await confirmWrite(primary)
  return replica
}

/** Starts `count` sentinels that watch `primary` under `name` and replace it after it was silent for a second. */
export async function startRedisSentinels(
  primary: RedisProcess,
  { name, count }: { readonly name: string; readonly count: number },
): Promise<readonly RedisProcess[]> {
  const quorum = Math.floor(count / 2) + 1
  const sentinels = await Promise.all(
    Array.from({ length: count }, () =>
      startRedisProcess({
        readyText: `+monitor master ${name}`,
        async arguments(port, directory) {
          const file = join(directory, 'sentinel.conf')
          await writeFile(
            file,
            [
              `port ${port}`,
              'bind 127.0.0.1',
              `dir ${directory}`,
              `sentinel monitor ${name} ${primary.host} ${primary.port} ${quorum}`,
              `sentinel down-after-milliseconds ${name} 1000`,
              `sentinel failover-timeout ${name} 5000`,
              '',
            ].join('\n'),
          )
          return [file, '--sentinel']
        },
      }),
    ),
  )
  // A failover needs sentinels that know each other, and a replica they know.
  await Promise.all(sentinels.map((sentinel) => sentinel.printed('+sentinel sentinel')))
  await Promise.all(sentinels.map((sentinel) => sentinel.printed('+slave slave')))
  return sentinels
}

/** Starts a Cluster of `count` primaries, 3 or more, that serves all slots when this resolves. */
export async function startRedisCluster(count: number): Promise<readonly RedisProcess[]> {
  const nodes = await Promise.all(
    Array.from({ length: count }, async () => {
      const busPort = String(await freePort())
      return startRedisServer({
        settings: [
          ...['--cluster-enabled', 'yes', '--cluster-port', busPort],
          ...['--cluster-node-timeout', '2000'],
        ],
      })
    }),
  )
  const addresses = nodes.map(({ host, port }) => `${host}:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
  await Promise.all(nodes.map((node) => node.printed('Cluster state changed: ok')))
  return nodes
}

/** Runs one command with `redis-cli` and gives what it printed. */
export async function redisCli(server: RedisProcess, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-h', server.host, '-p', String(server.port), ...command])
  return stdout.trimEnd()
}

/** Makes a write that leaves nothing behind and waits until a replica has confirmed it: a new one is busy at first. */
async function confirmWrite({ host, port }: RedisProcess): Promise<void> {
  const redis = spawn('redis-cli', ['-h', host, '-p', String(port)], { stdio: ['pipe', 'ignore', 'inherit'] })
  redis.stdin.end(`EVAL "redis.call('SET', 'x', '') return redis.call('DEL', 'x')" 0\nWAIT 1 10000\n`)
  await once(redis, 'close')
}

function serverArguments(port: number, directory: string): readonly string[] {
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
    ...['--repl-diskless-sync-delay', '0'],
  ]
}
