import { setTimeout as wait } from 'node:timers/promises'

/** Things that go on again and again until they are stopped together. */
export interface Background {
  /**
   * Does something again and again with pauses between.
   *
   * @param everyMs from the end of one run to the start of the next, in milliseconds.
   */
  repeat(everyMs: number, run: () => Promise<void>): void
  /** Begins nothing any more, and waits for what is under way. Rejected with the first error of a run. */
  stop(): Promise<void>
}

/** Makes a {@link Background} in which nothing goes on yet. An error ends the run it was in, and is told by `stop`. */
export function createBackground(): Background {
  let isStopped = false
  const loops: Promise<void>[] = []
  return {
    repeat(everyMs, run) {
      const loop = async () => {
        while (!isStopped) {
          await run()
          await wait(everyMs)
        }
      }
      const looping = loop()
      // Rejections wait for `stop`.
      looping.catch(() => {})
      loops.push(looping)
    },
    async stop() {
      isStopped = true
      await Promise.all(loops)
    },
  }
}
