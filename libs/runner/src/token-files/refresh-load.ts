import { refreshWindow } from '../refresh-times.ts'

/** A token whose refresh is to be placed. All moments are milliseconds of one time. */
export interface PlacedToken {
  readonly nowMs: number
  readonly issuedMs: number
  readonly lifeMs: number
  /** How many files there are in all, for what a fair share is. */
  readonly files: number
}

/** How many refreshes are due when, so that they can be spread. */
export interface RefreshLoad {
  /** Chooses when a token is refreshed, and counts that. What should have been is due now. */
  place(token: PlacedToken): number
  /** Counts a refresh no more that was placed at `dueMs`. */
  release(dueMs: number): void
  /** How many moments are counted: it stays bounded by the longest life. */
  slots(): number
}

/** Refreshes are due every so often rather than one by one, so that a few calls upstream carry many. */
const SLOT_MS = 5000
/** So many in one slot are never too many. */
const SMALL_CROWD = 20

/**
 * Makes a {@link RefreshLoad}. A token is refreshed within its window (half of its life, less up to 10 %), where the
 * least is due. Only when that is crowded, as after ten thousand sandboxes came at once, it is refreshed earlier: any moment
 * before the window is as good for whoever reads it, and afterwards the calls upstream are even from minute to minute.
 *
 * @param random gives a number from 0 up to but not including 1.
 */
export function createRefreshLoad(random: () => number): RefreshLoad {
  const counts = new Map<number, number>()
  // Nodes that start at the same moment are not to ask at the same moments ever after.
  const phase = random() * SLOT_MS
  const slotOf = (ms: number) => Math.floor((ms - phase) / SLOT_MS)
  const countAt = (ms: number) => counts.get(slotOf(ms)) ?? 0

  const pick = (fromMs: number, untilMs: number) => {
    const at = fromMs + random() * (untilMs - fromMs)
    const begin = slotOf(at) * SLOT_MS + phase
    if (begin >= fromMs) return begin
    return begin + SLOT_MS < untilMs ? begin + SLOT_MS : at
  }
  const pickQuietest = (fromMs: number, untilMs: number, tries: number) => {
    const picks = Array.from({ length: tries }, () => pick(fromMs, untilMs))
    return picks.reduce((best, other) => (countAt(other) < countAt(best) ? other : best))
  }
  const choose = ({ nowMs, issuedMs, lifeMs, files }: PlacedToken) => {
    const { fromMs, untilMs } = refreshWindow(lifeMs)
    const last = issuedMs + untilMs
    if (last <= nowMs) return nowMs
    const usual = pickQuietest(Math.max(nowMs, issuedMs + fromMs), last, 2)
    const fairShare = (files * SLOT_MS) / fromMs
    if (countAt(usual) < Math.max(SMALL_CROWD, 1.2 * fairShare)) return usual
    return pickQuietest(Math.max(nowMs, issuedMs + 0.02 * lifeMs), last, 8)
  }
  return {
    place(token) {
      const due = choose(token)
      counts.set(slotOf(due), countAt(due) + 1)
      return due
    },
    release(dueMs) {
      const left = countAt(dueMs) - 1
      if (left > 0) counts.set(slotOf(dueMs), left)
      else counts.delete(slotOf(dueMs))
    },
    slots: () => counts.size,
  }
}
