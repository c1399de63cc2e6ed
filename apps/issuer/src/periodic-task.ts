/** Something that is done again and again until it is stopped. */
export interface PeriodicTask {
  start(): void
  /** Ends it; resolves when a run in progress is over. */
  stop(): Promise<void>
}

/** What is done, and how often. */
export interface PeriodicTaskOptions {
  /** Rejections are its own business: a run that rejects ends the process like any other unhandled rejection. */
  readonly run: () => Promise<void>
  /** Pause between the end of a run and the start of the next. */
  readonly everyMs: number
}

/** Makes a {@link PeriodicTask}. Runs never overlap, and its timer does not keep the process alive. */
export function createPeriodicTask({ run, everyMs }: PeriodicTaskOptions): PeriodicTask {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  const schedule = () => {
    if (stopped) return
    timer = setTimeout(() => {
      running = run().then(schedule)
    }, everyMs)
    timer.unref()
  }
  return {
    start: schedule,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
