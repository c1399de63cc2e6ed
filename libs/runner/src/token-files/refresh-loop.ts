import type { StartTimer } from '../start-timer.ts'
import type { FileRemovals } from './file-removals.ts'
import type { PlannedFile, RefreshPlan } from './refresh-plan.ts'

/** What {@link createRefreshLoop} needs. */
export interface RefreshLoopOptions {
  readonly plan: RefreshPlan
  /** Refreshes one file, and tells the plan what became of that. Does not throw. */
  readonly refresh: (planned: PlannedFile) => Promise<void>
  readonly removals: FileRemovals
  /** Milliseconds of a time that never goes back. */
  readonly now: () => number
  readonly startTimer: StartTimer
  /** How many files at most are refreshed in one go; 100 unless given. */
  readonly batchSize?: number
  /** How many goes there are in a second at most; 4 unless given. */
  readonly batchesPerSecond?: number
}

/** Does what is due, with one timer. */
export interface RefreshLoop {
  /** Looks anew at when something is due. To be called after whatever may have changed that. */
  arm(): void
  /** Begins nothing more. */
  stop(): void
}

/** How many goes may be under way when the issuer is slow. */
const BATCHES_UNDER_WAY = 4
const REMOVAL_RETRY_MS = 30_000
/** A clock that leaps is noticed when the timer runs. */
const LONGEST_SLEEP_MS = 30_000

/** Makes a {@link RefreshLoop} that sleeps until it is armed. */
export function createRefreshLoop(options: RefreshLoopOptions): RefreshLoop {
  const { plan, refresh, removals, now, startTimer } = options
  const { batchSize = 100, batchesPerSecond = 4 } = options
  const gapMs = 1000 / batchesPerSecond
  let lastBatchMs = Number.NEGATIVE_INFINITY
  let nextRemovalMs = Infinity
  let underWay = 0
  let isStopped = false
  let stopTimer = () => {}

  const isBusy = () => underWay > (BATCHES_UNDER_WAY - 1) * batchSize
  const retryRemovals = (nowMs: number) => {
    if (nowMs < nextRemovalMs) return
    nextRemovalMs = Infinity
    void removals.retry().finally(arm)
  }
  const beginBatch = (nowMs: number) => {
    if (isBusy() || nowMs < lastBatchMs + gapMs) return
    const batch = plan.take(nowMs, batchSize)
    if (batch.length > 0) lastBatchMs = nowMs
    underWay += batch.length
    for (const planned of batch) {
      void refresh(planned).finally(() => {
        underWay -= 1
        arm()
      })
    }
  }
  const run = () => {
    const nowMs = now()
    retryRemovals(nowMs)
    beginBatch(nowMs)
    arm()
  }
  const arm = () => {
    stopTimer()
    if (isStopped) return
    const nowMs = now()
    if (removals.size() === 0) nextRemovalMs = Infinity
    else if (nextRemovalMs === Infinity) nextRemovalMs = nowMs + REMOVAL_RETRY_MS
    const due = isBusy() ? undefined : plan.nextMs()
    const nextBatchMs = due === undefined ? Infinity : Math.max(due, lastBatchMs + gapMs)
    const delay = Math.ceil(Math.min(nextBatchMs, nextRemovalMs) - nowMs)
    stopTimer = startTimer(run, Math.min(LONGEST_SLEEP_MS, Math.max(0, delay)))
  }
  return {
    arm,
    stop() {
      isStopped = true
      stopTimer()
    },
  }
}
