import {
  isIssuerError,
  planRotation,
  type ActivationHold,
  type Clock,
  type KeyRing,
  type KeySpecification,
  type MadeStep,
  type RotateKeys,
  type RotationPlan,
  type RotationPolicy,
  type Seconds,
  type UnixSeconds,
} from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'

/** What {@link createRotationLoop} needs. */
export interface RotationLoopDependencies {
  readonly rotateKeys: RotateKeys
  readonly ring: () => KeyRing
  readonly policy: RotationPolicy
  readonly specification: KeySpecification
  /** What the next key waits for besides its dates; nothing unless given. */
  readonly holds?: () => readonly ActivationHold[]
  readonly clock: Clock
  readonly logger: Logger
  /** Called after each step that this process made; others make theirs. */
  readonly onStep: (step: MadeStep) => void
  /** Called after each attempt that failed. */
  readonly onFailure: () => void
  /** Between two looks at the ring: a step is made that much late at worst, and late is safe. */
  readonly everyMs: number
}

/** How the rotation is doing. */
export interface RotationState {
  /** What the ring in use needs, and when. */
  readonly plan: RotationPlan
  /** When an attempt succeeded last, also one that found nothing to do; absent before the first. */
  readonly succeededAt?: UnixSeconds
  /** Of the failures in a row, if the last attempt was one. */
  readonly failing?: RotationFailure
}

/** Attempts that failed, one after the other. */
export interface RotationFailure {
  readonly since: UnixSeconds
  /** Of the last one. */
  readonly code: string
}

/** A loop that can be asked how it is doing. */
export interface RotationLoop extends PeriodicTask {
  state(): RotationState
}

const stepSentences: Readonly<Record<MadeStep['type'], string>> = {
  'publish-next': 'published the next key: it does not sign yet',
  activate:
    'the next key signs from now on; the one before is kept for verification, without its private half',
  remove: 'removed a retired key: no token of it is alive',
}

/**
 * Rotates the keys: looks again and again what the ring needs, and has it done. Any number of replicas do the same, and
 * each step is made by one of them. A failure changes nothing; the log tells it once, and once that it is over.
 */
export function createRotationLoop(dependencies: RotationLoopDependencies): RotationLoop {
  const { rotateKeys, ring, policy, specification, clock, logger, onStep, onFailure } = dependencies
  const { holds = () => [] } = dependencies
  let succeededAt: UnixSeconds | undefined
  let failing: RotationFailure | undefined

  const rotate = async () => {
    // A ring that was asleep for long may need a removal besides, each a step of its own.
    for (let isDone = false; !isDone;) {
      const { made, plan } = await rotateKeys()
      isDone = made === undefined || plan.step === undefined
      if (made === undefined) continue
      logger.info({ step: made.type, kid: made.kid, next_change: plan.at }, stepSentences[made.type])
      onStep(made)
    }
  }
  const run = async () => {
    try {
      await rotate()
    } catch (err) {
      const code = isIssuerError(err) ? err.code : 'unexpected'
      if (failing?.code !== code) logger.error({ err }, 'the keys cannot be rotated; the ones in use stay')
      failing = { since: failing?.since ?? clock(), code }
      onFailure()
      return
    }
    if (failing !== undefined) logger.info({ since: failing.since }, 'the keys can be rotated again')
    failing = undefined
    succeededAt = clock()
  }
  return {
    ...createPeriodicTask({ run, everyMs: dependencies.everyMs }),
    state: () => ({
      plan: planRotation(ring(), policy, clock(), specification, holds()),
      ...(succeededAt !== undefined && { succeededAt }),
      ...(failing !== undefined && { failing }),
    }),
  }
}

/**
 * The problem that readiness tells: every attempt for `patience` or longer failed. Long before anything is late: a key
 * that cannot be published is needed `publishAhead` later, and one that cannot be promoted leaves the old one signing.
 */
export function findRotationProblem(
  { failing, plan }: RotationState,
  now: UnixSeconds,
  patience: Seconds,
): string | undefined {
  // A clock that was put back since must not hide it.
  if (failing === undefined || Math.abs(now - failing.since) < patience) return undefined
  const due = plan.step === undefined ? '' : `; due is ${plan.step.type}`
  return `rotation: the keys could not be rotated for ${Math.abs(now - failing.since)} s (${failing.code})${due}`
}
