/** Something that is done again and again until it is stopped. */
export interface PeriodicTask {
  start(): void
  /** Ends it; resolves when a run in progress is over. */
  stop(): Promise<void>
  /** Does it now, between start and stop; when a run is in progress, once more after it. */
  runSoon(): void
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
  let state: 'stopped' | 'waiting' | 'running' | 'due-again' = 'stopped'

  const wait = () => {
    state = 'waiting'
    timer = setTimeout(begin, everyMs)
    timer.unref()
  }
  const begin = () => {
    state = 'running'
    running = run().then(finish)
  }
  const finish = () => {
    if (state === 'due-again') begin()
    else if (state === 'running') wait()
  }
  return {
    start: wait,
    async stop() {
      state = 'stopped'
      clearTimeout(timer)
      await running
    },
    runSoon() {
      if (state === 'running') state = 'due-again'
      if (state !== 'waiting') return
      clearTimeout(timer)
      begin()
    },
  }
}
