declare const unit: unique symbol

/** A moment: whole seconds since 1970-01-01T00:00:00Z (NumericDate of RFC 7519 §2, without fractions). */
export type UnixSeconds = number & { readonly [unit]: 'UnixSeconds' }

/** A duration in whole seconds. */
export type Seconds = number & { readonly [unit]: 'Seconds' }

/** Gives the present moment. Read once per use case; pure functions take `now` instead. */
export type Clock = () => UnixSeconds

/**
 * The number as a duration.
 *
 * @throws {RangeError} when it is not a whole number; a fraction here is a programmer's mistake.
 */
export function seconds(value: number): Seconds {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a whole number of seconds: ${value}`)
  return value as Seconds
}

/**
 * The number as a moment.
 *
 * @throws {RangeError} when it is not a whole number of at least 0.
 */
export function unixSeconds(value: number): UnixSeconds {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`not a moment in Unix seconds: ${value}`)
  return value as UnixSeconds
}

/** The moment of a JavaScript time value in milliseconds, rounded down. The only place that knows 1000. */
export function fromMilliseconds(milliseconds: number): UnixSeconds {
  return unixSeconds(Math.floor(milliseconds / 1000))
}

/** `moment` moved by `duration` (which may be negative), never before 1970. */
export function addSeconds(moment: UnixSeconds, duration: Seconds): UnixSeconds {
  return unixSeconds(Math.max(0, moment + duration))
}

/** The moment as an RFC 3339 text in UTC, for people. */
export function formatMoment(moment: UnixSeconds): string {
  return new Date(moment * 1000).toISOString().replace('.000Z', 'Z')
}

const durationUnits = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const

/** The duration in days, hours, minutes and seconds, for people: `1d 2h`, `90s` as `1m 30s`, `0s`. */
export function formatDuration(duration: Seconds): string {
  const sign = duration < 0 ? '-' : ''
  let rest = Math.abs(duration)
  const parts = durationUnits.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest %= size
    return count === 0 ? [] : [`${count}${unit}`]
  })
  return parts.length === 0 ? '0s' : sign + parts.join(' ')
}
