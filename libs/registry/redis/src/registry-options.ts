import { IssuerError } from '@workload-identity/core'
import type { RedisClient } from '@workload-identity/driver-redis'
import type { RegistryNaming } from './registry-keys.ts'

/** What a registry in Redis needs. */
export interface RedisRegistryOptions extends RegistryNaming {
  /** A client of `createRedisClient`; the caller connects and closes it. */
  readonly client: RedisClient
  /** The registry ID that the key ring records; asked at every operation. */
  readonly registryId: () => string
}

/** What a script on a shard answered: what happened, and texts that belong to it. */
export interface ScriptAnswer {
  readonly status: string
  readonly texts: readonly string[]
}

/**
 * The answer of a script, when it could be given.
 *
 * @throws {IssuerError} `ERR_REGISTRY_LOST` and `ERR_STORE_CORRUPT` when the script says so.
 */
export function parseAnswer(reply: unknown, client: RedisClient): ScriptAnswer {
  const [status, ...texts] = Array.isArray(reply) ? reply.map(String) : ['corrupt']
  if (status === 'lost') throw registryLost(client)
  if (status === undefined || status === 'corrupt') throw recordCorrupt(client)
  return { status, texts }
}

/** The error for a store that holds another registry than the one the key ring records, or none. */
export function registryLost({ address }: RedisClient): IssuerError {
  return new IssuerError(
    'ERR_REGISTRY_LOST',
    `${address} does not hold the registry that the key ring records, or only a part of it; restore the registry from a backup, or, when there is none, accept the loss: POST /v1/registry/accept-loss`,
    { details: { address } },
  )
}

/** The error for a record that cannot be read. */
export function recordCorrupt({ address }: RedisClient): IssuerError {
  return new IssuerError(
    'ERR_STORE_CORRUPT',
    `a record of the registry in ${address} cannot be read or was altered; restore the registry from a backup`,
    { details: { address } },
  )
}

/** The error for a note about an ended assignment that cannot be read. */
export function noteCorrupt({ address }: RedisClient): IssuerError {
  return new IssuerError(
    'ERR_STORE_CORRUPT',
    `a note about an ended assignment in ${address} cannot be read or was altered; delete the notes: they only tell runners what to clean up`,
    { details: { address } },
  )
}
