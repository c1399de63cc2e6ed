import { readFileSync } from 'node:fs'
import { isIssuerError, parseKeyEncryptionKey, type Sealing } from '@workload-identity/core'
import { parseRedisUrl } from '@workload-identity/driver-redis'
import {
  describeStore,
  parseStoreUrl,
  SettingValueError,
  type StoreLocation,
} from '@workload-identity/settings'
import type { OpenStoresOptions } from '@workload-identity/store-admin'
import type { Command } from 'commander'
import { mistake } from './command-error.ts'
import { readSecretFile } from './read-secret-file.ts'

/** A store as it was named on the command line. */
export interface NamedStore {
  /** For messages: without a password. */
  readonly name: string
  readonly location: StoreLocation
  readonly open: OpenStoresOptions
  readonly sealing?: Sealing
}

/** Where the store comes from: the command line, or an environment variable, which may hold a password. */
export interface StoreText {
  readonly argument: string | undefined
  readonly variable: string
  readonly env: Readonly<Record<string, string | undefined>>
}

type Values = Readonly<Record<string, unknown>>

/**
 * Adds the options of one store to a command, each with the prefix: `from-`, `to-` or none.
 */
export function addStoreOptions(command: Command, prefix: '' | 'from-' | 'to-'): Command {
  const collect = (value: string, earlier: readonly string[]) => [...earlier, value]
  const none: readonly string[] = []
  return command
    .option(
      `--${prefix}key-encryption-key-file <file>`,
      'key it is sealed with; the first one seals, all of them open',
      collect,
      none,
    )
    .option(`--${prefix}redis-password-file <file>`, 'file with the password for Redis')
    .option(`--${prefix}redis-sentinel-password-file <file>`, 'file with the password of the sentinels')
    .option(`--${prefix}redis-ca <file>`, 'certificates (PEM) to trust with rediss://')
    .option(`--${prefix}redis-cert <file>`, 'client certificate (PEM)')
    .option(`--${prefix}redis-key <file>`, 'private key (PEM) of the client certificate')
    .option(`--${prefix}redis-prefix <prefix>`, 'what all keys in Redis begin with', 'wid:')
}

/**
 * The store that was named, with everything needed to open it.
 *
 * @throws {StoreCommandError} for a mistake in the address or in a file.
 */
export async function readNamedStore(
  { argument, variable, env }: StoreText,
  prefix: '' | 'from-' | 'to-',
  values: Values,
): Promise<NamedStore> {
  const text = argument ?? env[variable]
  if (text === undefined || text === '') throw mistake(`no store is named: give it, or set ${variable}`)
  const location = parseLocation(text, `the store ${argument === undefined ? `in ${variable}` : 'given'}`)
  if (argument !== undefined && location.engine === 'redis' && hasPassword(location.url)) {
    throw mistake(
      `a password on the command line is seen by everybody on the machine: use --${prefix}redis-password-file, or ${variable}`,
    )
  }
  const valueOf = (name: string): unknown => values[toCamelCase(prefix + name)]
  const clusterId = values['clusterId']
  const sealing = await readSealing(valueOf('key-encryption-key-file'))
  return {
    name: describeStore(location),
    location,
    open: {
      store: location,
      ...(typeof clusterId === 'string' && { clusterId }),
      allowNetworkFileSystem: values['allowNetworkFs'] === true,
      redis: readRedisAccess(valueOf),
    },
    ...(sealing !== undefined && { sealing }),
  }
}

function parseLocation(text: string, what: string): StoreLocation {
  try {
    const location = parseStoreUrl(text)
    if (location.engine === 'redis') parseRedisUrl(location.url)
    return location
  } catch (error) {
    if (error instanceof SettingValueError) throw mistake(`${what} ${error.message}`)
    // The driver says what is wrong with a URL, and repeats nothing of it.
    if (error instanceof TypeError || error instanceof RangeError) throw mistake(error.message)
    throw error
  }
}

async function readSealing(paths: unknown): Promise<Sealing | undefined> {
  if (!Array.isArray(paths) || paths.length === 0) return undefined
  const keys = await Promise.all(
    paths.map(String).map(async (path) => {
      try {
        return await parseKeyEncryptionKey(readSecretFile(path))
      } catch (error) {
        throw isIssuerError(error) ? mistake(`${path}: ${error.message}`) : error
      }
    }),
  )
  return { keys, mode: 'strict' }
}

function readRedisAccess(valueOf: (name: string) => unknown): NonNullable<OpenStoresOptions['redis']> {
  const pathOf = (name: string) => {
    const value = valueOf(name)
    return typeof value === 'string' ? value : undefined
  }
  const [password, sentinel] = [pathOf('redis-password-file'), pathOf('redis-sentinel-password-file')]
  const [ca, cert, key] = [pathOf('redis-ca'), pathOf('redis-cert'), pathOf('redis-key')]
  const tls = {
    ...(ca !== undefined && { ca: readText(ca) }),
    ...(cert !== undefined && { cert: readText(cert) }),
    ...(key !== undefined && { key: readSecretFile(key) }),
  }
  return {
    prefix: pathOf('redis-prefix') ?? 'wid:',
    ...(password !== undefined && { password: readSecretFile(password) }),
    ...(sentinel !== undefined && { sentinelPassword: readSecretFile(sentinel) }),
    ...(Object.keys(tls).length > 0 && { tls }),
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw mistake(`${path} cannot be read`)
  }
}

function hasPassword(url: string): boolean {
  return URL.parse(url)?.password !== ''
}

function toCamelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
