import type { Clock, MadeStep } from '@workload-identity/core'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { RotationState } from './rotation-loop.ts'

/** What is measured of the rotation of keys. */
export interface RotationMetricsOptions {
  readonly rotation: () => RotationState
  /** Whether replaced key rings may be left in the store. */
  readonly isErasurePending: () => boolean
  /** Whether a copy of the published documents elsewhere is wrong. */
  readonly isCopyWrong: () => boolean
  /** Whether the promotion of a key is due and waits for verifiers. */
  readonly isPromotionHeld: () => boolean
  /** By how many seconds the clock leapt ahead and was not put back. */
  readonly clockAheadBy: () => number
  readonly clock: Clock
}

/** What is counted of it. */
export interface RotationMetrics {
  /** Counts a step of a rotation that was made here. */
  recordRotationStep(step: MadeStep['type']): void
  /** Counts an attempt to rotate that failed. */
  recordRotationFailure(): void
}

/** Adds what tells long before a key is late that it will be: when something is due, and whether attempts succeed. */
export function addRotationMetrics(
  register: Registry,
  { rotation, isErasurePending, isCopyWrong, isPromotionHeld, clockAheadBy, clock }: RotationMetricsOptions,
): RotationMetrics {
  const registers = [register]
  new Gauge({
    name: 'wid_rotation_next_change_timestamp_seconds',
    help: 'When the next step of the rotation is due, in Unix seconds.',
    registers,
    collect() {
      this.set(rotation().plan.at)
    },
  })
  new Gauge({
    name: 'wid_rotation_seconds_until_next_change',
    help: 'Time until the next step of the rotation is due; below 0 while it is late.',
    registers,
    collect() {
      this.set(rotation().plan.at - clock())
    },
  })
  new Gauge({
    name: 'wid_rotation_last_success_timestamp_seconds',
    help: 'When the keys were looked after last without a failure, in Unix seconds; 0 before the first time.',
    registers,
    collect() {
      this.set(rotation().succeededAt ?? 0)
    },
  })
  new Gauge({
    name: 'wid_key_erasure_pending',
    help: '1 while private halves of keys that were replaced may be left in the key store, else 0.',
    registers,
    collect() {
      this.set(isErasurePending() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'wid_published_copy_wrong',
    help: '1 while the copy of the published documents at --published-at is stale, wrong or cannot be read, else 0.',
    registers,
    collect() {
      this.set(isCopyWrong() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'wid_promotion_held',
    help: '1 while the next key is due to sign and waits for a verifier of --hold-promotion-for, else 0.',
    registers,
    collect() {
      this.set(isPromotionHeld() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'wid_clock_ahead_seconds',
    help: 'By how much the clock leapt ahead since the process started and was not put back, in seconds; 0 within the tolerance.',
    registers,
    collect() {
      this.set(clockAheadBy())
    },
  })
  const failures = new Counter({
    name: 'wid_rotation_failures_total',
    help: 'Attempts to rotate the keys that failed.',
    registers,
  })
  const steps = new Counter({
    name: 'wid_rotation_steps_total',
    help: 'Steps of the rotation that were made here, by kind.',
    labelNames: ['step'],
    registers,
  })
  return {
    recordRotationStep: (step) => steps.inc({ step }),
    recordRotationFailure: () => failures.inc(),
  }
}
