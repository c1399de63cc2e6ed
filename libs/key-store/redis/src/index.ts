export { createRedisKeyStore, type RedisKeyStoreOptions } from './redis-key-store.ts'
