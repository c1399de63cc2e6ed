import { formatKeyPrefix } from '@workload-identity/driver-redis'

/** What tells the keys of one registry from those of another. */
export interface RegistryNaming {
  /** The cluster of the issuer, `default` when it has no ID. */
  readonly clusterId: string
  /** What all keys begin with; default `wid:`. */
  readonly prefix?: string
}

/** The keys of one kind of records in one shard. They share a hash tag, so one script may change them together. */
export interface ShardKeys {
  /** Hash: ID → record as JSON, and {@link MARK} → registry ID. */
  readonly records: string
  /** Sorted set of all IDs, by text. */
  readonly ids: string
  /** Sorted set of `<runner_id> <id>`, by text. */
  readonly byRunner: string
  /** Sorted set of the IDs with an `expires_at`, by that. */
  readonly expiry: string
  /** Hash: SHA-256 of a secret → `<claim> <id>` of who has or had it, and {@link MARK} → registry ID. */
  readonly secrets: string
  /** Begins the key that exists while a claim may still be completed; the claim's name follows. */
  readonly claimPrefix: string
}

/** The field of every hash that holds the registry ID. It is no ID and no hash, so it stands in nobody's way. */
export const MARK = '#registry_id'

/**
 * Into how many shards records are spread. More would make lists slower, fewer would load the nodes of a Cluster
 * unevenly. It is part of the storage format: with another number nothing is found.
 */
export const SHARD_COUNT = 32

/** The numbers of all shards. */
export const shards: readonly number[] = Array.from({ length: SHARD_COUNT }, (_, shard) => shard)

/** The shard of a record, by its ID. FNV-1a, 32 bits, as the IDs of a fleet differ in a few characters only. */
export function shardOfId(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  }
  return (hash ^ (hash >>> 16)) & (SHARD_COUNT - 1)
}

/** The shard of a secret, by its SHA-256. */
export function shardOfSecret(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 2), 16) & (SHARD_COUNT - 1)
}

/** The keys of `kind` (`sandbox` or `runner`) in every shard, by its number. */
export function shardKeys(naming: RegistryNaming, kind: 'sandbox' | 'runner'): readonly ShardKeys[] {
  return shards.map((shard) => {
    const prefix = formatKeyPrefix({ ...naming, tag: shard.toString(16).padStart(2, '0') })
    return {
      records: `${prefix}${kind}-records`,
      ids: `${prefix}${kind}-ids`,
      byRunner: `${prefix}${kind}-by-runner`,
      expiry: `${prefix}${kind}-expiry`,
      secrets: `${prefix}${kind}-secrets`,
      claimPrefix: `${prefix}${kind}-claim:`,
    }
  })
}

/** The keys of the notes about ended assignments in one shard. They share a hash tag, so one script may change them together. */
export interface EndedKeys {
  /** Sorted set of the runners with notes, by the earliest `ended_at`. */
  readonly runners: string
  /** Begins the sorted set of a runner's sandbox IDs, by `ended_at`; the runner's ID follows. */
  readonly notesPrefix: string
}

/** The keys of notes in every shard, by its number; the shard is that of the runner's ID. */
export function endedKeys(naming: RegistryNaming): readonly EndedKeys[] {
  return shards.map((shard) => {
    const prefix = formatKeyPrefix({ ...naming, tag: shard.toString(16).padStart(2, '0') })
    return { runners: `${prefix}ended-runners`, notesPrefix: `${prefix}ended:` }
  })
}

/** The key that decides which registry ID is in force. */
export function registryIdKey(naming: RegistryNaming): string {
  return `${formatKeyPrefix(naming)}registry_id`
}
