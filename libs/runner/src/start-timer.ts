/** Runs something once after so many milliseconds, and gives what calls it off. */
export type StartTimer = (run: () => void, delayMs: number) => () => void

/** The timers of Node. One that waits does not keep the process alive. */
export const startNodeTimer: StartTimer = (run, delayMs) => {
  const timer = setTimeout(run, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}
