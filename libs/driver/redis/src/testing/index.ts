export { killAtRedisStep } from './kill-at-step.ts'
export { freePort, startRedisProcess, type RedisProcess, type RedisProcessOptions } from './redis-process.ts'
export { readServerFiles } from './read-server-files.ts'
export {
  redisCli,
  startRedisCluster,
  startRedisReplica,
  startRedisSentinels,
  startRedisServer,
  type RedisServerOptions,
} from './redis-servers.ts'
export { openTrialClient, startTrialRedis, type TrialRedis } from './trial-server.ts'
