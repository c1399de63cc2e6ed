import { IssuerError } from '../errors.ts'
import type { SigningAlgorithm } from '../key-ring/algorithms.ts'
import type { KeyMembers } from '../key-ring/key-material.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { CLOCK_TOLERANCE } from '../key-ring/rotation-policy.ts'
import { signingRecords, type SigningInterval } from '../key-ring/signing-record.ts'
import { formatMoment, type Seconds, type UnixSeconds } from '../time.ts'

/** A key as it is judged afterwards. */
export interface PastKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly public: KeyMembers
  readonly signed: readonly SigningInterval[]
  /** The first moment at which it was no longer published; absent while it is, without a date for the end. */
  readonly goneAt?: UnixSeconds
  readonly revokedAt?: UnixSeconds
}

/** The key of a ring or of its history, whatever became of it; `undefined` when there was none with its algorithm noted. */
export function findPastKey(ring: KeyRing, kid: string): PastKey | undefined {
  const records = signingRecords(ring).filter((record) => record.kid === kid)
  const [first] = records.flatMap(({ alg, public: half }) => (alg === undefined ? [] : [{ alg, half }]))
  if (first === undefined) return undefined
  const ends = records.map(({ ended_at: endedAt, remove_at: removeAt }) => endedAt ?? removeAt)
  const goneAt = ends.reduce((left, right) =>
    left === undefined || right === undefined ? undefined : later(left, right),
  )
  const revokedAt = records.find(({ state }) => state === 'revoked')?.ended_at
  return {
    ...{ kid, alg: first.alg, public: first.half },
    signed: records.flatMap(({ signed }) => (signed === undefined ? [] : [signed])),
    ...(goneAt !== undefined && { goneAt }),
    ...(revokedAt !== undefined && { revokedAt }),
  }
}

/** When a token is dated, and as of when it is judged. */
export interface PastJudgement {
  readonly iat: UnixSeconds
  readonly at: UnixSeconds
  /** How long a replica may go on signing with a key that retired. */
  readonly storeLag: Seconds
  readonly acceptRevokedKeys: boolean
}

/**
 * Checks that a key was published at `at` and could sign at `iat`, give or take clocks and replicas that lag.
 *
 * @throws {IssuerError} `ERR_TOKEN_KEY_REVOKED` for a revoked key, unless those are accepted and it was not revoked yet at
 * `at`; `ERR_TOKEN_KEY_UNKNOWN` when the key was gone by then; `ERR_TOKEN_INVALID` when it did not sign at `iat`.
 */
export function assertSignedThen(
  key: PastKey,
  { iat, at, storeLag, acceptRevokedKeys }: PastJudgement,
): void {
  const { kid, signed, goneAt, revokedAt } = key
  if (revokedAt !== undefined && (!acceptRevokedKeys || at >= revokedAt)) {
    throw new IssuerError(
      'ERR_TOKEN_KEY_REVOKED',
      `the key of the token was revoked at ${formatMoment(revokedAt)}: the token may have been made and dated by whoever had the key`,
      { details: { kid, revoked_at: revokedAt } },
    )
  }
  if (goneAt !== undefined && at >= goneAt) {
    throw new IssuerError('ERR_TOKEN_KEY_UNKNOWN', 'the key of the token was no longer published then', {
      details: { kid, gone_at: goneAt },
    })
  }
  const couldSign = signed.some(
    ({ from, until }) =>
      (from === undefined || iat >= from - CLOCK_TOLERANCE) &&
      (until === undefined || iat <= until + storeLag + CLOCK_TOLERANCE),
  )
  if (!couldSign) {
    throw new IssuerError(
      'ERR_TOKEN_INVALID',
      'the token is refused: its key did not sign at the time it names',
      {
        details: { kid },
      },
    )
  }
}

function later(left: UnixSeconds, right: UnixSeconds): UnixSeconds {
  return left > right ? left : right
}
