import { parseRedisUrl } from '@workload-identity/driver-redis'
import { createSecretReader } from '@workload-identity/service'
import {
  checkBetween,
  type ConfigOf,
  type Environment,
  type SettingsCheck,
} from '@workload-identity/settings'
import { readRedisCredentials, type RedisCredentialSources } from './redis-credentials.ts'
import { settingsTable } from './settings-table.ts'

/** How a store in Redis is used, besides where it is. */
export interface RedisConfig extends RedisCredentialSources {
  /** What all keys and channels begin with. */
  readonly prefix: string
  /** Whether a server that may delete keys is accepted. */
  readonly allowVolatile: boolean
}

type Settings = ConfigOf<typeof settingsTable>

const names = [
  ...(['store', 'redisPasswordFile', 'redisSentinelPasswordFile', 'redisCa', 'redisCert'] as const),
  ...(['redisKey', 'redisPrefix', 'allowVolatileStore'] as const),
] as const

/** The Redis part of the configuration. */
export function toRedisConfig(
  settings: Pick<Settings, (typeof names)[number]>,
  env: Environment,
): RedisConfig {
  const { redisPasswordFile, redisSentinelPasswordFile, redisCa, redisCert, redisKey } = settings
  return {
    ...(redisPasswordFile !== undefined && { password: createSecretReader(redisPasswordFile, env) }),
    ...(redisSentinelPasswordFile !== undefined && {
      sentinelPassword: createSecretReader(redisSentinelPasswordFile, env),
    }),
    ...(redisCa !== undefined && { caFile: redisCa }),
    ...(redisCert !== undefined &&
      redisKey !== undefined && { certificate: { certPath: redisCert, keyPath: redisKey } }),
    prefix: settings.redisPrefix,
    allowVolatile: settings.allowVolatileStore,
  }
}

/**
 * What must hold between the settings of a store in Redis. A password may be in a file, or in the URL if that comes from
 * the environment: the arguments of a process are seen by everybody on the machine.
 */
export function createRedisCheck(
  argv: readonly string[],
  env: Environment,
): SettingsCheck<typeof settingsTable> {
  return checkBetween(settingsTable, names, (settings) => {
    const { store } = settings
    if (store.engine !== 'redis') return findMisplaced(settings)
    const problems = findUrlProblems(store.url, settings)
    if (argv.some((argument) => argument.includes(store.url)) && hasPassword(store.url)) {
      problems.push(
        'a password on the command line is seen by everybody on the machine: use --redis-password-file, or the environment variable WID_STORE',
      )
    }
    const tlsFiles = [settings.redisCa, settings.redisCert, settings.redisKey]
    if (!store.tls && tlsFiles.some((path) => path !== undefined)) {
      problems.push('--redis-ca, --redis-cert and --redis-key are for rediss://: the store is without TLS')
    }
    if ((settings.redisCert === undefined) !== (settings.redisKey === undefined)) {
      problems.push('--redis-cert and --redis-key belong together: give both or neither')
    }
    try {
      readRedisCredentials(toRedisConfig(settings, env))
    } catch (error) {
      problems.push(error instanceof Error ? error.message : 'the files for Redis cannot be used')
    }
    return problems
  })
}

function findUrlProblems(url: string, { redisPasswordFile }: Pick<Settings, 'redisPasswordFile'>): string[] {
  try {
    const { username, password } = parseRedisUrl(url)
    if (password !== undefined && redisPasswordFile !== undefined) {
      return [
        'the password for Redis is given twice: take it out of the URL, or leave --redis-password-file out',
      ]
    }
    if (username !== undefined && password === undefined && redisPasswordFile === undefined) {
      return ['a user of Redis needs a password: give --redis-password-file']
    }
    return []
  } catch (error) {
    // The driver repeats nothing of the URL.
    return [error instanceof Error ? error.message : 'the URL of the store cannot be read']
  }
}

function hasPassword(url: string): boolean {
  return URL.parse(url)?.password !== ''
}

function findMisplaced(settings: Settings | Pick<Settings, (typeof names)[number]>): readonly string[] {
  const given = names.filter((name) => {
    if (name === 'store') return false
    const value = settings[name]
    return value !== undefined && value !== false && value !== settingsTable.redisPrefix.defaultTexts[0]
  })
  return given.map(
    (name) => `--${settingsTable[name].flag} is for a store in Redis, and the store is another one`,
  )
}
