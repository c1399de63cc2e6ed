/** A part of the process that is started and stopped. */
export interface LifecyclePart {
  readonly name: string
  readonly start?: () => Promise<void> | void
  readonly stop?: () => Promise<void> | void
}

/** The parts of a process as a whole. */
export interface Lifecycle {
  /**
   * Starts the parts in order. When one fails, those before it are stopped in reverse and its error is thrown.
   */
  start(): Promise<void>
  /**
   * Stops the parts that were started in reverse order, each of them even when another fails or takes too long, so that
   * databases are closed whatever happens. Stops once, however often it is called.
   *
   * @throws {AggregateError} with everything that failed.
   */
  stop(): Promise<void>
}

/** Makes a {@link Lifecycle}; a part that takes longer than `stopTimeoutMs` to stop is left behind as a failure. */
export function createLifecycle(parts: readonly LifecyclePart[], stopTimeoutMs: number): Lifecycle {
  const started: LifecyclePart[] = []
  let stopping: Promise<void> | undefined

  const stopAll = async () => {
    const failures: unknown[] = []
    for (const part of started.toReversed()) {
      try {
        await withDeadline(part, stopTimeoutMs)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop cleanly')
  }
  const stop = () => (stopping ??= stopAll())

  return {
    async start() {
      for (const part of parts) {
        // Counted as started before it is: a part that fails half-way has something to stop, too.
        started.push(part)
        try {
          await part.start?.()
        } catch (error) {
          await stop().catch(() => undefined)
          throw error
        }
      }
    },
    stop,
  }
}

async function withDeadline(part: LifecyclePart, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${part.name} did not stop within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    await Promise.race([part.stop?.(), deadline])
  } finally {
    clearTimeout(timer)
  }
}
