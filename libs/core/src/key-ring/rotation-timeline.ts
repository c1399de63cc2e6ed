import { addSeconds, formatDuration, formatMoment, unixSeconds, type UnixSeconds } from '../time.ts'
import type { KeySpecification } from './algorithms.ts'
import { activeKey, nextKey, type KeyRing } from './key-ring.ts'
import {
  dueActivation,
  dueSteps,
  isKindChanging,
  type ActivationHold,
  type DueStep,
} from './rotation-plan.ts'
import type { RotationPolicy } from './rotation-policy.ts'

/** One date of a timeline. */
export interface TimelineEntry {
  /** What happens to the key: it is published, begins to sign, stops signing, or leaves the key set. */
  readonly change: 'published' | 'signs' | 'retires' | 'leaves'
  /** Absent for the key that is not made yet. */
  readonly kid?: string
  /** When; not before `now` for what is still to be done. Absent for a key that stays until it is removed by hand. */
  readonly at?: UnixSeconds
  /** What the date follows from, for people. */
  readonly because: string
}

/**
 * What happens to the keys of a ring from `now` on, by date, when nobody interferes and the loop is never late: up to
 * the end of the key that signs now. Pure.
 */
export function rotationTimeline(
  ring: KeyRing,
  policy: RotationPolicy,
  now: UnixSeconds,
  specification: KeySpecification,
  holds: readonly ActivationHold[] = [],
): readonly TimelineEntry[] {
  const [rotation] = dueSteps(ring, policy, now, specification, holds)
  const kid = nextKey(ring)?.kid
  const entries = [
    ...(kid === undefined
      ? newKeyEntries(rotation, ring, policy, { now, isHastened: isKindChanging(ring, specification) })
      : [
          {
            change: 'signs',
            kid,
            at: notBefore(rotation.at, now),
            because: withDelay(rotation, now),
          } as const,
        ]),
    ...leavingEntries(ring),
  ]
  const signs = entries.find((entry) => entry.change === 'signs')
  if (signs?.at !== undefined) entries.push(...activeKeyEntries(ring, policy, signs.at))
  return entries.sort((left, right) => (left.at ?? Infinity) - (right.at ?? Infinity))
}

/** The next key, which is not made yet: published when it is due, and signing when it was published long enough. */
function newKeyEntries(
  publication: DueStep,
  ring: KeyRing,
  policy: RotationPolicy,
  { now, isHastened }: { readonly now: UnixSeconds; readonly isHastened: boolean },
): readonly TimelineEntry[] {
  const published = notBefore(publication.at, now)
  return [
    { change: 'published', at: published, because: withDelay(publication, now) },
    { change: 'signs', ...dueActivation(ring, published, policy, isHastened) },
  ]
}

function activeKeyEntries(
  ring: KeyRing,
  { keepRetired }: RotationPolicy,
  successorSigns: UnixSeconds,
): TimelineEntry[] {
  const { kid } = activeKey(ring)
  return [
    { change: 'retires', kid, at: successorSigns, because: 'the key after it signs from then on' },
    {
      change: 'leaves',
      kid,
      at: addSeconds(successorSigns, keepRetired),
      because: `it is kept for ${formatDuration(keepRetired)} after it signed (keepRetired), until its last token is over`,
    },
  ]
}

function leavingEntries(ring: KeyRing): TimelineEntry[] {
  return ring.keys
    .filter((key) => key.state === 'retired')
    .map(({ kid, retired_at: retiredAt, remove_at: at }) => ({
      change: 'leaves',
      kid,
      ...(at === undefined
        ? { because: 'it has no date: it stays until it is removed by hand' }
        : {
            at,
            because: `it retired at ${formatMoment(retiredAt ?? at)} and is kept until its last token is over`,
          }),
    }))
}

function notBefore(due: UnixSeconds, now: UnixSeconds): UnixSeconds {
  return unixSeconds(Math.max(due, now))
}

function withDelay({ at, because }: DueStep, now: UnixSeconds): string {
  return at < now ? `${because}; it was due at ${formatMoment(at)} and is late` : because
}
