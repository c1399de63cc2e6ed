/**
 * A time in which replicas may not have reached their store as usual, in milliseconds of `performance.now()`. It begins
 * before a fault is made and ends when everything was seen to work again.
 */
export interface Outage {
  /** The replicas it concerns, by number. */
  readonly replicas: readonly number[]
  readonly from: number
  /** From here on the store could not be reached at all; absent when that was not certain. */
  darkFrom?: number
  /** Until here, the moment before the fault was taken back; absent while it lasts. */
  liftedAt?: number
  /** Absent while it is not over. */
  healedAt?: number
}

/** A span of time of one replica. */
export interface Span {
  readonly replica: number
  readonly from: number
  readonly to: number
}

/** Whether there was any outage of the replica within the span. */
export function isTroubled(outages: readonly Outage[], { replica, from, to }: Span): boolean {
  return outages.some(
    (outage) =>
      outage.replicas.includes(replica) && outage.from <= to && (outage.healedAt ?? Infinity) >= from,
  )
}

/** Whether the replica certainly could not reach its store during all of the span. */
export function isDark(outages: readonly Outage[], { replica, from, to }: Span): boolean {
  return outages.some(
    ({ replicas, darkFrom, liftedAt }) =>
      replicas.includes(replica) &&
      darkFrom !== undefined &&
      darkFrom <= from &&
      to <= (liftedAt ?? Infinity),
  )
}
