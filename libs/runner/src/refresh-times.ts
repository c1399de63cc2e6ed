/** From when to when a token is refreshed, in milliseconds after it was issued. */
export interface RefreshWindow {
  readonly fromMs: number
  readonly untilMs: number
}

/** The first retry comes after a second at the earliest. */
export const FIRST_RETRY_MS = 1000
/** And none comes later than this after the one before. */
export const LAST_RETRY_MS = 30_000

/**
 * When a token of that life is due: at half of its life, up to 10 % earlier and never later, so that it outlives an outage
 * of half a life wherever that begins, with time left for the first answer after it.
 */
export function refreshWindow(lifeMs: number): RefreshWindow {
  const latest = Math.max(0.46 * lifeMs, lifeMs / 2 - 30_000)
  return { fromMs: 0.45 * lifeMs, untilMs: Math.min(0.48 * lifeMs, latest) }
}

/**
 * How long to wait after the `failures`th failure in a row (1, 2, …): from 1 s, doubling, to 30 s, up to a third of it by
 * chance. While the last good token lives but not for long, tries come more often: after a fifth of what remains.
 *
 * @param remainingMs what is left of the last good token; 0 or less when there is none.
 * @param random gives a number from 0 up to but not including 1.
 */
export function retryDelayMs(failures: number, remainingMs: number, random: () => number): number {
  const backedOff = Math.min(LAST_RETRY_MS, 1.5 * FIRST_RETRY_MS * 2 ** (failures - 1))
  const urgent = remainingMs > 0 ? Math.max(1.5 * FIRST_RETRY_MS, remainingMs / 5) : LAST_RETRY_MS
  const longest = Math.min(backedOff, urgent)
  return longest * (1 - random() / 3)
}
