import { IssuerError } from '../errors.ts'
import type { SecretHash } from '../ports/registry.ts'
import { addSeconds, seconds, type UnixSeconds } from '../time.ts'

/** The longest that a replaced secret may go on working, in seconds. */
export const MAX_GRACE = seconds(86_400)

/** How many replaced secrets of one owner may be in their grace at the same time; beyond that, those that end first end at once. */
export const MAX_SECRETS_IN_GRACE = 10

/**
 * Checks how long a replaced secret is to go on working.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` when it is not a whole number of seconds within 0 and {@link MAX_GRACE}.
 */
export function assertGrace(graceSeconds: number): void {
  if (Number.isInteger(graceSeconds) && graceSeconds >= 0 && graceSeconds <= MAX_GRACE) return
  throw new IssuerError(
    'ERR_REQUEST_INVALID',
    `grace_seconds must be a whole number of seconds within 0 and ${MAX_GRACE}`,
    { details: { name: 'grace_seconds' } },
  )
}

/** The secrets that go on working: the one in force until the grace ends, those in their grace until theirs does. */
export function keepForGrace(
  secrets: readonly SecretHash[],
  graceSeconds: number,
  now: UnixSeconds,
): readonly SecretHash[] {
  if (graceSeconds === 0) return []
  const graceEnds = addSeconds(now, seconds(graceSeconds))
  return secrets
    .filter(({ valid_until = graceEnds }) => now < valid_until)
    .map(({ sha256, valid_until = graceEnds }) => ({ sha256, valid_until }))
    .sort((left, right) => right.valid_until - left.valid_until)
    .slice(0, MAX_SECRETS_IN_GRACE)
}
