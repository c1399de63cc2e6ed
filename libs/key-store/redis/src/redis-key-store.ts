import { IssuerError, type KeyStore, type StoredKeyRing } from '@workload-identity/core'
import { defineScript, formatKeyPrefix, type RedisClient } from '@workload-identity/driver-redis'

/** Where a Redis key store keeps its ring. */
export interface RedisKeyStoreOptions {
  /** A client of `createRedisClient`; the caller connects and closes it. */
  readonly client: RedisClient
  /** The cluster whose ring it is, `default` when it has no ID. */
  readonly clusterId: string
  /** What all keys and channels begin with; default `wid:`. */
  readonly prefix?: string
}

// Compare-and-swap in one step: a Redis runs one script at a time.
const saveRing = defineScript(`
local generation, write_id = unpack(redis.call('HMGET', KEYS[1], 'generation', 'write_id'))
if ARGV[1] == 'none' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
elseif generation ~= ARGV[2] or write_id ~= ARGV[3] then
  return 0
end
redis.call('HSET', KEYS[1], 'generation', ARGV[4], 'write_id', ARGV[5], 'document', ARGV[6])
return 1
`)

/**
 * A key store in Redis: one hash with `generation`, `write_id` and `document`, replaced by one script. It does no I/O
 * before it is used. `watch` listens to a channel on which every save is announced.
 */
export function createRedisKeyStore({
  client,
  ...naming
}: RedisKeyStoreOptions): KeyStore & Required<Pick<KeyStore, 'eraseReplaced' | 'watch'>> {
  const keyPrefix = formatKeyPrefix(naming)
  const key = `${keyPrefix}ring`
  const channel = `${keyPrefix}ring-saved`
  return {
    async load() {
      const reply = await client.read(key, ['HGETALL', key], 'load the key ring from')
      return parseRing(reply, `${key} in ${client.address}`)
    },

    async save(ring, expected) {
      const version =
        expected === undefined ? ['none', '', ''] : ['version', expected.generation, expected.write_id]
      const saved = await client.runDurableScript(saveRing, {
        keys: [key],
        args: [...version, ring.generation, ring.write_id, ring.document],
        doing: 'save the key ring in',
      })
      if (saved !== 1) {
        throw new IssuerError('ERR_STORE_CONFLICT', 'the key ring changed since it was read; read it again', {
          details: { generation: ring.generation, expected_generation: expected?.generation },
        })
      }
      // The ring is saved, announced or not; those who hear nothing poll.
      await client.publish(channel, String(ring.generation)).catch(() => undefined)
    },

    eraseReplaced: () => client.rewriteFiles(key, 'erase replaced key rings from the files of'),

    watch: (onChange) => client.subscribe(channel, onChange),
  }
}

function parseRing(reply: unknown, place: string): StoredKeyRing | undefined {
  if (!Array.isArray(reply) || !reply.every((part) => typeof part === 'string')) {
    throw corrupt(place, 'it is not a list of texts')
  }
  if (reply.length === 0) return undefined
  const fields = new Map<string, string>()
  for (let index = 0; index + 1 < reply.length; index += 2)
    fields.set(reply[index] ?? '', reply[index + 1] ?? '')
  const generation = fields.get('generation')
  const write_id = fields.get('write_id')
  const document = fields.get('document')
  if (generation === undefined || write_id === undefined || document === undefined) {
    throw corrupt(place, 'generation, write_id or document is missing')
  }
  if (!/^[1-9]\d{0,15}$/.test(generation) || !Number.isSafeInteger(Number(generation))) {
    throw corrupt(place, 'its generation is not a whole number')
  }
  return { generation: Number(generation), write_id, document }
}

function corrupt(place: string, problem: string): IssuerError {
  return new IssuerError(
    'ERR_STORE_CORRUPT',
    `the key ring ${place} cannot be read: ${problem}; restore it from a backup`,
    { details: { place } },
  )
}
