import type { UnixSeconds } from '../time.ts'
import type { KeyEntry, KeyHistoryEntry, RingIssuer } from './key-ring.ts'

// Each function here gives the same for any order and grouping of what it unites: that is what makes merging rings
// commutative and associative.

/** A JSON value as text that does not depend on the order of its members. */
export function canonicalText(value: unknown): string {
  const sorted = (_name: string, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member
  return JSON.stringify(value, sorted)
}

/** All members of two objects; where both have the member with different values, the greater by its JSON text. */
export function uniteMembers<T extends object>(left: T, right: T): T {
  const united = { ...left, ...right }
  for (const [name, value] of Object.entries(left)) {
    const other: unknown = Reflect.get(united, name)
    if (canonicalText(value) > canonicalText(other)) Reflect.set(united, name, value)
  }
  return united
}

/** Two copies of a retired key: the earliest dates of its beginning, the latest ones of its end. */
export function uniteRetired(left: KeyEntry, right: KeyEntry): KeyEntry {
  const { remove_at: _removeAt, activated_at: _activatedAt, ...united } = uniteMembers(left, right)
  const activations = [left, right].flatMap(({ activated_at: at }) => (at === undefined ? [] : [at]))
  const removeAt = latest(left.remove_at, right.remove_at)
  return {
    ...united,
    created_at: earliest(left.created_at, right.created_at),
    published_at: earliest(left.published_at, right.published_at),
    ...(activations.length > 0 && { activated_at: activations.reduce(earliest) }),
    retired_at: Math.max(left.retired_at ?? 0, right.retired_at ?? 0) as UnixSeconds,
    ...(removeAt !== undefined && { remove_at: removeAt }),
  }
}

/** Every entry of two histories, once, in the order in which the keys ended. */
export function uniteHistories(
  left: readonly KeyHistoryEntry[],
  right: readonly KeyHistoryEntry[],
): readonly KeyHistoryEntry[] {
  const entries = new Map([...left, ...right].map((entry) => [canonicalText(entry), entry]))
  return [...entries]
    .sort(([text, one], [otherText, other]) => one.ended_at - other.ended_at || (text < otherText ? -1 : 1))
    .map(([, entry]) => entry)
}

/**
 * Every issuer URL of two rings: the current one of the later ring first, then the others, the longest-lived first. The
 * current URL of the earlier ring ends at `until` when it is another one.
 */
export function uniteIssuers(
  earlier: readonly RingIssuer[],
  later: readonly RingIssuer[],
  until: UnixSeconds,
): readonly RingIssuer[] {
  const [current, ...ended] = later
  if (current === undefined) return earlier
  const [theirs, ...theirEnded] = earlier
  const past = [...ended, ...theirEnded, ...(theirs === undefined ? [] : [{ ...theirs, until }])]
  const united = new Map<string, RingIssuer>()
  for (const issuer of past) {
    const known = united.get(issuer.url)
    united.set(issuer.url, known === undefined ? issuer : uniteEnded(known, issuer))
  }
  const same = united.get(current.url)
  united.delete(current.url)
  const { until: _until, ...first } = same === undefined ? current : uniteMembers(same, current)
  return [first, ...[...united.values()].sort(byEnd)]
}

/** The schema of the newer minor. Both are of the same major. */
export function uniteSchemas(left: string, right: string): string {
  const minor = (schema: string) => Number(schema.split('.')[1])
  return minor(left) > minor(right) ? left : right
}

function uniteEnded(left: RingIssuer, right: RingIssuer): RingIssuer {
  const { until: _until, ...united } = uniteMembers(left, right)
  const until = latest(left.until, right.until)
  return until === undefined ? united : { ...united, until }
}

function byEnd(left: RingIssuer, right: RingIssuer): number {
  const [leftEnd, rightEnd] = [left.until ?? Number.MAX_VALUE, right.until ?? Number.MAX_VALUE]
  return rightEnd - leftEnd || (left.url < right.url ? -1 : 1)
}

function earliest(left: UnixSeconds, right: UnixSeconds): UnixSeconds {
  return left < right ? left : right
}

/** The later of two ends, where none is for ever. */
function latest(left: UnixSeconds | undefined, right: UnixSeconds | undefined): UnixSeconds | undefined {
  if (left === undefined || right === undefined) return undefined
  return left > right ? left : right
}
