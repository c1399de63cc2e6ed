import { IssuerError, type PageQuery, type RegistryPage, type UnixSeconds } from '@workload-identity/core'
import { mergePage } from './record-list.ts'
import { isLive, type RecordKind, type RegistryRecord } from './record-kinds.ts'
import { MARK, shardKeys, shardOfId, shardOfSecret, shards } from './registry-keys.ts'
import {
  parseAnswer,
  recordCorrupt,
  registryLost,
  type RedisRegistryOptions,
  type ScriptAnswer,
} from './registry-options.ts'
import { endRecord, listRecords, removeExpiredRecords, writeRecord } from './registry-scripts.ts'
import { createSecretClaims, parseEntry, type SecretClaim } from './secret-claims.ts'

/** What both registries can do with their records. */
export interface RecordTable<T> {
  register(record: T, now: UnixSeconds): Promise<void>
  replace(record: T, now: UnixSeconds): Promise<void>
  findById(id: string, now: UnixSeconds): Promise<T | undefined>
  findBySecretHash(sha256: string, now: UnixSeconds): Promise<T | undefined>
  list(query: PageQuery & { readonly runnerId?: string }, now: UnixSeconds): Promise<RegistryPage<T>>
  end(id: string, now: UnixSeconds): Promise<boolean>
  removeExpired(now: UnixSeconds, limit: number): Promise<number>
}

interface Stored<T> {
  readonly text: string
  readonly record: T
}

/** The records of one kind. Does no I/O until it is used. */
export function createRecordTable<T extends RegistryRecord>(
  options: RedisRegistryOptions,
  kind: RecordKind<T>,
): RecordTable<T> {
  const { client, registryId } = options
  const { noun } = kind
  const keys = shardKeys(options, noun)
  const claims = createSecretClaims(options, kind)

  const keysOf = (shard: number) => {
    const found = keys[shard]
    if (found === undefined) throw new RangeError(`there is no shard ${shard}`)
    return found
  }
  const scriptKeys = (shard: number): [string, string, string, string] => {
    const { records, ids, byRunner, expiry } = keysOf(shard)
    return [records, ids, byRunner, expiry]
  }
  const parse = (id: string, text: string): T => {
    const record = kind.parse(text)
    if (record === undefined || kind.idOf(record) !== id) throw recordCorrupt(client)
    return record
  }
  /** A field of a hash, if the hash belongs to the registry that the key ring records: both come in one reply. */
  const readField = async (key: string, field: string): Promise<string | undefined> => {
    const reply = await client.read(key, ['HMGET', key, MARK, field], `look up a ${noun} in`)
    const [mark, text] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
    if (mark !== registryId()) throw registryLost(client)
    return typeof text === 'string' ? text : undefined
  }
  const readLive = async (id: string, now: UnixSeconds): Promise<Stored<T> | undefined> => {
    const text = await readField(keysOf(shardOfId(id)).records, id)
    if (text === undefined) return undefined
    const record = parse(id, text)
    return isLive(kind, record, now) ? { text, record } : undefined
  }
  const release = (id: string, had: readonly string[], keeps: readonly string[], now: UnixSeconds) =>
    claims.release(
      id,
      had.filter((sha256) => !keeps.includes(sha256)),
      now,
    )

  const write = async (
    record: T,
    replaced: Stored<T> | undefined,
    now: UnixSeconds,
    claim: SecretClaim | undefined,
  ): Promise<ScriptAnswer> => {
    const id = kind.idOf(record)
    const { runnerId, expiresAt } = kind.placeOf(record)
    const reply = await client.runDurableScript(writeRecord, {
      keys: [...scriptKeys(shardOfId(id)), ...(claim === undefined ? [] : [claim.key])],
      args: [
        registryId(),
        now,
        id,
        replaced === undefined ? 'register' : 'replace',
        replaced?.text ?? '',
        JSON.stringify(record),
        runnerId === undefined ? '' : `${runnerId} ${id}`,
        expiresAt ?? '',
      ],
      doing: replaced === undefined ? `register a ${noun} in` : `change a ${noun} in`,
    })
    return parseAnswer(reply, client)
  }
  /** Writes a record after its new secrets were claimed, and forgets those it had before. */
  const store = async (record: T, replaced: Stored<T> | undefined, now: UnixSeconds): Promise<void> => {
    const id = kind.idOf(record)
    const had = validHashesOf(replaced?.record, now)
    const wanted = validHashesOf(record, now)
    const added = wanted.filter((sha256) => !had.includes(sha256))
    const changed = () => refusal(kind, id, replaced === undefined ? 'exists' : 'changed', client.address)
    const claim = added.length === 0 ? undefined : await claims.claim({ id, sha256s: added, changed }, now)
    const { status, texts } = await write(record, replaced, now, claim)
    if (status !== 'done') {
      await claim?.abandon()
      throw refusal(kind, id, status, client.address)
    }
    const before = replaced ?? (texts[0] ? { record: parse(id, texts[0]) } : undefined)
    await release(id, hashesOf(before?.record), wanted, now)
  }

  return {
    async register(record, now) {
      const id = kind.idOf(record)
      if ((await readLive(id, now)) !== undefined) throw refusal(kind, id, 'exists', client.address)
      await store(record, undefined, now)
    },

    async replace(record, now) {
      const id = kind.idOf(record)
      const stored = await readLive(id, now)
      if (stored === undefined) throw refusal(kind, id, 'absent', client.address)
      if (stored.record.revision !== record.revision - 1) throw refusal(kind, id, 'changed', client.address)
      await store(record, stored, now)
    },

    findById: async (id, now) => (await readLive(id, now))?.record,

    async findBySecretHash(sha256, now) {
      const entry = await readField(keysOf(shardOfSecret(sha256)).secrets, sha256)
      if (entry === undefined) return undefined
      const owner = parseEntry(entry)
      if (owner === undefined) throw recordCorrupt(client)
      const record = (await readLive(owner.id, now))?.record
      const secret = record?.secrets.find((candidate) => candidate.sha256 === sha256)
      // The entry alone opens nothing: it may be of a claim that was not completed, or of a secret that was replaced.
      if (secret === undefined || (secret.valid_until ?? Infinity) <= now) return undefined
      return record
    },

    async list({ runnerId, ...query }, now) {
      const [list, begin, end] =
        runnerId === undefined ? ['ids', '', '+'] : ['runner', `${runnerId} `, `(${runnerId}!`]
      return mergePage(query, async (shard, after, count) => {
        const reply = await client.runScript(listRecords, {
          keys: scriptKeys(shard),
          args: [
            registryId(),
            now,
            list,
            after === '' ? `[${begin}` : `(${begin}${after}`,
            end,
            count,
            begin,
          ],
          doing: `list ${noun} records of`,
        })
        const { texts } = parseAnswer(reply, client)
        return toPairs(texts).map(([id, text]) => {
          const record = parse(id, text)
          return { id, record: isLive(kind, record, now) ? record : undefined }
        })
      })
    },

    async end(id, now) {
      const reply = await client.runDurableScript(endRecord, {
        keys: scriptKeys(shardOfId(id)),
        args: [registryId(), now, id],
        doing: `end a ${noun} in`,
      })
      const { status, texts } = parseAnswer(reply, client)
      const ended = texts[0] ? kind.parse(texts[0]) : undefined
      await release(id, hashesOf(ended), [], now)
      return status === 'ended'
    },

    async removeExpired(now, limit) {
      let removed = 0
      for (const shard of shards) {
        if (removed >= limit) break
        const reply = await client.runDurableScript(removeExpiredRecords, {
          keys: scriptKeys(shard),
          args: [registryId(), now, limit - removed],
          doing: 'remove expired records from',
        })
        const { texts } = parseAnswer(reply, client)
        removed += texts.length
        for (const text of texts) {
          const record = kind.parse(text)
          if (record !== undefined) await release(kind.idOf(record), hashesOf(record), [], now)
        }
      }
      return removed
    },
  }
}

function hashesOf(record: RegistryRecord | undefined): readonly string[] {
  return record?.secrets.map(({ sha256 }) => sha256) ?? []
}

/** Of the secrets whose time is not over: the others are anybody's. */
function validHashesOf(record: RegistryRecord | undefined, now: UnixSeconds): readonly string[] {
  const valid = record?.secrets.filter(({ valid_until = Infinity }) => now < valid_until) ?? []
  return valid.map(({ sha256 }) => sha256)
}

function toPairs(texts: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < texts.length; index += 2)
    pairs.push([texts[index] ?? '', texts[index + 1] ?? ''])
  return pairs
}

function refusal<T extends RegistryRecord>(
  { noun, existsCode, notFoundCode }: RecordKind<T>,
  id: string,
  status: string,
  address: string,
): IssuerError {
  const details = { id }
  switch (status) {
    case 'exists':
      return new IssuerError(existsCode, `${noun} ${id} is already registered`, { details })
    case 'absent':
      return new IssuerError(notFoundCode, `${noun} ${id} is not registered`, { details })
    case 'changed':
      return new IssuerError(
        'ERR_REVISION_CONFLICT',
        `${noun} ${id} changed since it was read; read it again`,
        { details },
      )
    default:
      return new IssuerError(
        'ERR_STORE_UNAVAILABLE',
        `writing ${noun} ${id} to ${address} took too long, so its claim on the secrets ended; try again`,
        { details },
      )
  }
}
