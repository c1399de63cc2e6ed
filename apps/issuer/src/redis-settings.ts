import { formatKeyPrefix } from '@workload-identity/driver-redis'
import { parseSecretSource } from '@workload-identity/service'
import { booleanSetting, filePath, setting, SettingValueError, textSchema } from '@workload-identity/settings'

const file = () => ({ schema: filePath(), valueName: '<file>' })
const secret = () => ({ schema: textSchema(parseSecretSource), valueName: '<file>' })

/** The part of the table of settings that is about a store in Redis. */
export const redisSettings = {
  redisPasswordFile: setting({
    flag: 'redis-password-file',
    description:
      'File that holds the password for Redis and nothing else, readable by its owner only; also `credential:<name>` for a systemd credential, or `env:<name>` for an environment variable.',
    ...secret(),
    group: 'Redis',
  }),
  redisSentinelPasswordFile: setting({
    flag: 'redis-sentinel-password-file',
    description: 'The same for the password of the sentinels, when they want one.',
    ...secret(),
    group: 'Redis',
  }),
  redisCa: setting({
    flag: 'redis-ca',
    description: 'Certificates (PEM) to trust with `rediss://`; those Node trusts when not set.',
    ...file(),
    group: 'Redis',
  }),
  redisCert: setting({
    flag: 'redis-cert',
    description: 'Client certificate (PEM) to show with `rediss://`, when the server wants one.',
    ...file(),
    group: 'Redis',
  }),
  redisKey: setting({
    flag: 'redis-key',
    description: 'Private key (PEM) of the client certificate.',
    ...file(),
    group: 'Redis',
  }),
  redisPrefix: setting({
    flag: 'redis-prefix',
    description: 'What all keys and channels in Redis begin with; the cluster ID follows it.',
    schema: textSchema(parsePrefix),
    valueName: '<prefix>',
    default: 'wid:',
    group: 'Redis',
  }),
  allowVolatileStore: booleanSetting({
    flag: 'allow-volatile-store',
    description:
      'Accept a Redis that deletes keys when its memory is full (`maxmemory-policy`), and with them signing keys and registrations.',
    group: 'Redis',
  }),
}

function parsePrefix(prefix: string): string {
  try {
    formatKeyPrefix({ clusterId: 'any', prefix })
    return prefix
  } catch {
    throw new SettingValueError('must be visible ASCII characters without braces')
  }
}
