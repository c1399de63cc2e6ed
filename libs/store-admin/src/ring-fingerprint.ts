import { createHash } from 'node:crypto'
import type { KeyRing } from '@workload-identity/core'

/**
 * A text that is the same for two rings exactly when they hold the same keys, history, issuer URLs and IDs, whatever their
 * versions: `SHA256:` and base64url. Nothing of a private half is in it, only whether a key has one.
 */
export function computeRingFingerprint(ring: KeyRing): string {
  const { generation: _generation, write_id: _writeId, ...rest } = ring
  const keys = ring.keys.map(({ private: own, ...key }) => ({ ...key, has_private: own !== undefined }))
  const whole = { ...rest, keys: sortByText(keys), history: sortByText(ring.history) }
  return `SHA256:${createHash('sha256').update(toCanonicalText(whole)).digest('base64url')}`
}

/** A JSON value as text that does not depend on the order of members. */
export function toCanonicalText(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member,
  )
}

function sortByText(values: readonly object[]): readonly object[] {
  return values
    .map((value) => [toCanonicalText(value), value] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, value]) => value)
}
