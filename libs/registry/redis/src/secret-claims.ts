import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { IssuerError, type UnixSeconds } from '@workload-identity/core'
import type { RedisScript } from '@workload-identity/driver-redis'
import type { RecordKind, RegistryRecord } from './record-kinds.ts'
import { MARK, shardKeys, shardOfId, shardOfSecret } from './registry-keys.ts'
import { parseAnswer, recordCorrupt, type RedisRegistryOptions } from './registry-options.ts'
import { claimSecret, closeClaim, dropSecret, openClaim, probeOwner } from './registry-scripts.ts'

// Longer than a registration ever takes, as each of its few steps is bounded by the command time-out.
const CLAIM_SECONDS = 15
const BUSY_PAUSE_MS = 20
const BUSY_ATTEMPTS = 100

/** A claim of one record on secrets it is about to have. */
export interface SecretClaim {
  /** The key that must still exist when the record is written. */
  readonly key: string
  /** Gives the claim up: the record was not written. */
  abandon(): Promise<void>
}

/** What a record is about to get. */
export interface ClaimRequest {
  readonly id: string
  readonly sha256s: readonly string[]
  /** The error to throw when the stored record lists one of them by now. */
  changed(): IssuerError
}

/** Who has which secret, so that no two live records have the same one. */
export interface SecretClaims {
  /**
   * Claims secrets that the record does not list yet. They are its own once the record that lists them is written.
   *
   * @throws {IssuerError} `ERR_SECRET_IN_USE` when another live record has one; `ERR_STORE_UNAVAILABLE` when another
   * registration with one of them does not come to an end. Nothing is claimed then.
   */
  claim(request: ClaimRequest, now: UnixSeconds): Promise<SecretClaim>
  /** Forgets secrets that `id` had and has no longer. What cannot be forgotten now is in nobody's way. */
  release(id: string, sha256s: readonly string[], now: UnixSeconds): Promise<void>
}

/**
 * The claims on secrets. A record and its secrets lie in different slots, so no script changes both. What counts is the
 * record: a secret is its own if the live record lists it and the secret's entry names it. Before a record is written, the
 * entries of its new secrets are made to name it; an entry of somebody else is taken over only after his shard has said
 * that he does not have the secret and can no longer get it by the claim he made. A crash in between leaves entries of
 * records that do not list them: they open nothing, and whoever needs the secret takes them over.
 */
export function createSecretClaims<T extends RegistryRecord>(
  options: RedisRegistryOptions,
  kind: RecordKind<T>,
): SecretClaims {
  const { client } = options
  const keys = shardKeys(options, kind.noun)
  const doing = `keep the secrets of a ${kind.noun} in`

  const keysOf = (shard: number) => {
    const found = keys[shard]
    if (found === undefined) throw new RangeError(`there is no shard ${shard}`)
    return found
  }
  const claimKey = (id: string, claim: string) => `${keysOf(shardOfId(id)).claimPrefix}${claim}`
  const secretsKey = (sha256: string) => keysOf(shardOfSecret(sha256)).secrets
  const run = async (script: RedisScript, key: string, args: readonly string[]) =>
    parseAnswer(await client.runDurableScript(script, { keys: [key], args, doing }), client)

  const probe = async (entry: string, sha256: string, now: UnixSeconds) => {
    const { claim, id } = parseEntry(entry) ?? {}
    if (claim === undefined || id === undefined) throw recordCorrupt(client)
    const { records, ids, byRunner, expiry } = keysOf(shardOfId(id))
    const reply = await client.runDurableScript(probeOwner, {
      keys: [records, ids, byRunner, expiry, claimKey(id, claim)],
      args: [options.registryId(), now, id, sha256],
      doing,
    })
    const { status, texts } = parseAnswer(reply, client)
    const expired = texts[0] === undefined || texts[0] === '' ? undefined : kind.parse(texts[0])
    if (expired !== undefined) {
      const others = expired.secrets.map((secret) => secret.sha256).filter((other) => other !== sha256)
      await release(id, others, now)
    }
    return { status, id }
  }

  const claimOne = async (
    entry: string,
    sha256: string,
    now: UnixSeconds,
    changed: () => IssuerError,
  ): Promise<void> => {
    let expected = ''
    for (let attempt = 1; attempt <= BUSY_ATTEMPTS; attempt += 1) {
      const args = [options.registryId(), sha256, expected, entry]
      const { status, texts } = await run(claimSecret, secretsKey(sha256), args)
      if (status === 'claimed') return
      const owner = texts[0] ?? ''
      expected = ''
      if (owner === '') continue
      const found = await probe(owner, sha256, now)
      if (found.status === 'free') expected = owner
      else if (found.status === 'busy') await pause(BUSY_PAUSE_MS)
      // Somebody gave it to the same record in the meantime, so the record is not what the caller read.
      else if (found.id === parseEntry(entry)?.id) throw changed()
      else throw secretInUse(kind, parseEntry(entry)?.id ?? '')
    }
    throw new IssuerError(
      'ERR_STORE_UNAVAILABLE',
      `another registration with the same secret in ${client.address} has not come to an end; try again in ${CLAIM_SECONDS} seconds`,
    )
  }

  const releaseOne = async (id: string, sha256: string, now: UnixSeconds): Promise<void> => {
    const key = secretsKey(sha256)
    const entry = await client.read(key, ['HGET', key, sha256], doing)
    if (typeof entry !== 'string' || parseEntry(entry)?.id !== id) return
    const { status } = await probe(entry, sha256, now)
    if (status !== 'free') return
    await client.runDurableScript(dropSecret, { keys: [key], args: [sha256, entry], doing })
  }

  const release: SecretClaims['release'] = async (id, sha256s, now) => {
    // The record no longer has them, which is what counts; entries that stay are taken over when needed.
    await Promise.allSettled(sha256s.map((sha256) => releaseOne(id, sha256, now)))
  }

  return {
    release,
    async claim({ id, sha256s, changed }, now) {
      const claim = randomUUID()
      const key = claimKey(id, claim)
      // Before any entry names the claim: an entry whose claim does not exist is one that came to an end.
      await client.runScript(openClaim, { keys: [key], args: [CLAIM_SECONDS], doing })
      const abandon = async () => {
        await client.runScript(closeClaim, { keys: [key], args: [], doing }).catch(() => undefined)
        await release(id, sha256s, now)
      }
      try {
        // One after the other in one order for all, so that no two registrations wait for each other.
        for (const sha256 of [...new Set(sha256s)].sort()) {
          await claimOne(`${claim} ${id}`, sha256, now, changed)
        }
      } catch (error) {
        await abandon()
        throw error
      }
      return { key, abandon }
    },
  }
}

/** The ID of the record an entry of a secret names, and the name of the claim; `undefined` for another text. */
export function parseEntry(entry: string): { readonly claim: string; readonly id: string } | undefined {
  const [claim, id, ...rest] = entry.split(' ')
  if (claim === undefined || id === undefined || id === MARK || rest.length > 0) return undefined
  return { claim, id }
}

function secretInUse<T extends RegistryRecord>({ noun }: RecordKind<T>, id: string): IssuerError {
  return new IssuerError('ERR_SECRET_IN_USE', `another ${noun} has a secret that ${noun} ${id} was to get`, {
    details: { id },
  })
}
