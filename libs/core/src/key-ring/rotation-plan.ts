import {
  addSeconds,
  formatDuration,
  formatMoment,
  seconds,
  unixSeconds,
  type Seconds,
  type UnixSeconds,
} from '../time.ts'
import type { KeySpecification } from './algorithms.ts'
import { fitsSpecification } from './key-material.ts'
import { activeKey, nextKey, type KeyEntry, type KeyRing } from './key-ring.ts'
import type { RotationPolicy } from './rotation-policy.ts'

/** One step of a rotation, as planned: a `RingStep` for which no key has been generated yet. */
export type PlannedStep =
  | { readonly type: 'publish-next'; readonly specification: KeySpecification }
  | { readonly type: 'activate'; readonly kid: string; readonly keepRetired: Seconds }
  | { readonly type: 'remove'; readonly kid: string }

/** A step with the moment from which on it may be made, and what that moment follows from. */
export interface DueStep {
  readonly step: PlannedStep
  readonly at: UnixSeconds
  readonly because: string
}

/**
 * Something outside of the ring that lets a key wait longer than its dates ask for: a next key to sign, a retired one to be
 * removed. Nothing makes it wait less.
 */
export interface ActivationHold {
  readonly kid: string
  /** The step is not made before this moment, which may move on as long as what it waits for is not there. */
  readonly until: UnixSeconds
  /** What it waits for, for people. */
  readonly because: string
}

/** What to do with a ring now, or when to look again. */
export interface RotationPlan {
  /** The step to make now; absent when none is due. */
  readonly step?: PlannedStep
  /** When that step became due; without one, when the first will. */
  readonly at: UnixSeconds
  /** What `at` follows from, for people. */
  readonly because: string
}

/**
 * Decides what a ring needs at `now`: at most one step. Pure, so that any number of replicas with the same ring and time
 * decide the same.
 *
 * Dates are only ever waited for. After a long sleep a next key is published first and then waits all of `publishAhead`;
 * a clock that was put back, or a date in the future, makes everything later and nothing earlier.
 *
 * @param specification the kind of key that is wanted. When the active key is of another kind, the next one is published
 * now and signs as soon as it was published for `publishAhead`.
 * @param holds what the keys wait for besides.
 */
export function planRotation(
  ring: KeyRing,
  policy: RotationPolicy,
  now: UnixSeconds,
  specification: KeySpecification,
  holds: readonly ActivationHold[] = [],
): RotationPlan {
  const steps = dueSteps(ring, policy, now, specification, holds)
  const due = steps.find((candidate) => now >= candidate.at)
  if (due !== undefined) return due
  const { at, because } = steps.reduce((first, other) => (other.at < first.at ? other : first))
  return { at, because }
}

/**
 * Every step that follows from the ring as it is, in the order in which they are made when several are due. What moves
 * the rotation on comes first, then the removals, the oldest first. Never empty. Pure.
 */
export function dueSteps(
  ring: KeyRing,
  policy: RotationPolicy,
  now: UnixSeconds,
  specification: KeySpecification,
  holds: readonly ActivationHold[] = [],
): readonly [DueStep, ...DueStep[]] {
  const next = nextKey(ring)
  const rotation =
    next === undefined
      ? publishStep(ring, policy, now, specification)
      : withHolds(activateStep(ring, next, policy, specification), next.kid, holds)
  return [rotation, ...removals(ring, holds)]
}

/** The step or answer, due at the latest of its own moment and those of the holds on the key. Pure. */
export function withHolds<T extends Pick<DueStep, 'at' | 'because'>>(
  due: T,
  kid: string,
  holds: readonly ActivationHold[],
): T {
  return holds
    .filter((hold) => hold.kid === kid)
    .reduce(
      (latest, { until, because }) => (until > latest.at ? { ...latest, at: until, because } : latest),
      due,
    )
}

/** Whether the active key is of another kind than is wanted, so that the rotation does not wait for its time to end. */
export function isKindChanging(ring: KeyRing, specification: KeySpecification): boolean {
  return !fitsSpecification(activeKey(ring), specification)
}

/**
 * When a key that is published since `publishedAt` may sign, and why. Pure.
 *
 * @param isHastened whether it need not wait for the active key's time to end.
 */
export function dueActivation(
  ring: KeyRing,
  publishedAt: UnixSeconds,
  { activeFor, publishAhead }: RotationPolicy,
  isHastened: boolean,
): Omit<DueStep, 'step'> {
  const { kid, signsSince } = signing(ring)
  const known = addSeconds(publishedAt, publishAhead)
  const served = addSeconds(signsSince, activeFor)
  if (isHastened || known > served) {
    const because = `the next key is published since ${formatMoment(publishedAt)} and signs ${formatDuration(publishAhead)} later at the earliest (publishAhead)`
    return { at: known, because }
  }
  const because = `key ${kid} signs since ${formatMoment(signsSince)}, for ${formatDuration(activeFor)} (activeFor)`
  return { at: served, because }
}

function publishStep(
  ring: KeyRing,
  { activeFor, publishAhead }: RotationPolicy,
  now: UnixSeconds,
  specification: KeySpecification,
): DueStep {
  const { kid, alg, signsSince } = signing(ring)
  const step = { type: 'publish-next', specification } as const
  const due = addSeconds(signsSince, seconds(activeFor - publishAhead))
  if (isKindChanging(ring, specification) && now < due) {
    // A date in the future means that the clock is wrong now, or was: nothing is dated by such a clock.
    const at = unixSeconds(Math.max(now, signsSince))
    return { step, at, because: `keys are to be ${specification} now, and key ${kid} is ${alg}` }
  }
  return {
    step,
    at: due,
    because: `key ${kid} signs since ${formatMoment(signsSince)}, for ${formatDuration(activeFor)} (activeFor), and the key after it is published ${formatDuration(publishAhead)} ahead (publishAhead)`,
  }
}

function activateStep(
  ring: KeyRing,
  next: KeyEntry,
  policy: RotationPolicy,
  specification: KeySpecification,
): DueStep {
  const isHastened = isKindChanging(ring, specification) && fitsSpecification(next, specification)
  return {
    step: { type: 'activate', kid: next.kid, keepRetired: policy.keepRetired },
    ...dueActivation(ring, next.published_at, policy, isHastened),
  }
}

function removals(ring: KeyRing, holds: readonly ActivationHold[]): readonly DueStep[] {
  return ring.keys
    .flatMap(({ kid, retired_at: retiredAt, remove_at: at }) => {
      if (retiredAt === undefined || at === undefined) return []
      const kept = formatDuration(seconds(at - retiredAt))
      const because = `key ${kid} retired at ${formatMoment(retiredAt)} and is kept for ${kept} (keepRetired)`
      return [withHolds({ step: { type: 'remove', kid } as const, at, because }, kid, holds)]
    })
    .sort((left, right) => left.at - right.at)
}

function signing(ring: KeyRing) {
  const { kid, alg, activated_at: activatedAt, published_at: publishedAt } = activeKey(ring)
  return { kid, alg, signsSince: activatedAt ?? publishedAt }
}
