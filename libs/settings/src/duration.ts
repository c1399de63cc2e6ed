import { seconds, type Seconds } from '@workload-identity/core'
import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

const secondsPerUnit: ReadonlyMap<string, number> = new Map([
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
])

/** The longest duration a setting may have unless it says otherwise: 36500 days. */
export const MAX_DURATION: Seconds = seconds(36_500 * 86_400)

/** Limits of a duration, both inclusive, in seconds. */
export interface DurationLimits {
  /** 0 when left out. */
  readonly min?: number
  /** {@link MAX_DURATION} when left out. */
  readonly max?: number
}

/**
 * The text as a duration: whole seconds (`90`) or one number with one unit (`30d`, `24h`, `90m`, `45s`).
 *
 * @throws {SettingValueError} for anything else (signs, fractions, combinations such as `1h30m`, leading zeros, spaces)
 * and for a duration outside of the limits.
 */
export function parseDuration(text: string, limits: DurationLimits = {}): Seconds {
  const match = /^(0|[1-9]\d*)([dhms]?)$/.exec(text)
  if (match === null) {
    throw new SettingValueError('must be whole seconds or one number with d, h, m or s: 30d, 24h, 90m, 45s')
  }
  const min = limits.min ?? 0
  const max = limits.max ?? MAX_DURATION
  const value = Number(match[1]) * (secondsPerUnit.get(match[2] ?? '') ?? 1)
  // Compared as a number before it becomes Seconds: a huge text may be beyond the whole numbers, or Infinity.
  if (value < min || value > max) {
    throw new SettingValueError(
      `must be from ${formatDuration(seconds(min))} to ${formatDuration(seconds(max))}`,
    )
  }
  return seconds(value)
}

/** The duration in the largest unit that leaves no fraction: 86400 is `1d`, 90 is `90s`. Read back by {@link parseDuration}. */
export function formatDuration(duration: Seconds): string {
  for (const [unit, factor] of secondsPerUnit) {
    if (duration !== 0 && duration % factor === 0) return `${duration / factor}${unit}`
  }
  return '0s'
}

/** A schema for durations within the limits; see {@link parseDuration}. */
export function duration(limits: DurationLimits = {}): TextSchema<Seconds> {
  return textSchema((text) => parseDuration(text, limits))
}
