export { createRedisClient, type RedisClient, type ScriptCall } from './redis-client.ts'
export { type RedisClientOptions, type RedisTls } from './redis-options.ts'
export {
  formatRedisAddress,
  parseRedisUrl,
  type HostAndPort,
  type ParsedRedisUrl,
  type RedisAddress,
} from './redis-address.ts'
export { defineScript, type RedisScript } from './redis-script.ts'
export { type RedisCommand } from './commands.ts'
export { toStoreError, type RedisTask } from './store-error.ts'
export { assessAddress, assessSettings, type ServerFinding, type ServerSettings } from './inspect-server.ts'
export { formatKeyPrefix, type KeyPrefixOptions } from './key-prefix.ts'
