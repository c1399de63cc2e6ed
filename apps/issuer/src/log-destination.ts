import { pino, symbols, type DestinationStream } from 'pino'

/** Where log lines go. */
export interface LogDestination extends DestinationStream {
  /** Hands on what waits. */
  flush(): void
}

/** How long a line may wait for others, in milliseconds. */
const MAX_WAIT_MS = 50

/** How many characters may wait. */
const MAX_WAITING = 16_384

/** The level of warnings in pino: from there on nothing waits. */
const WARN = 40

/**
 * Hands log lines to `sink` in batches while many come: a line that comes within 50 ms of the last batch waits for the
 * rest of them, unless it is a warning or worse, which takes along what waits before it. A process that answers thousands
 * of requests a second then writes twenty times instead of thousands; one that is killed without a signal it could see
 * loses the lines of 50 ms at most. Lines keep their order.
 *
 * @param sink writes at once what it is given.
 */
export function createLogDestination(sink: DestinationStream): LogDestination {
  let waiting = ''
  let writtenAt = -Infinity
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting === '') return
    const lines = waiting
    waiting = ''
    writtenAt = performance.now()
    sink.write(lines)
  }
  const destination = {
    // Makes pino say the level of each line here before it writes the line.
    [symbols.needsMetadataGsym]: true,
    lastLevel: 0,
    write(line: string) {
      waiting += line
      const isDue = performance.now() - writtenAt >= MAX_WAIT_MS
      if (isDue || destination.lastLevel >= WARN || waiting.length >= MAX_WAITING) flush()
      else timer ??= setTimeout(flush, MAX_WAIT_MS)
    },
    flush,
  }
  return destination
}

/** The standard output as a {@link LogDestination}; what waits when the process ends is written then. */
export function openStandardOutput(): LogDestination {
  const destination = createLogDestination(pino.destination({ dest: 1, sync: true }))
  process.once('exit', destination.flush)
  return destination
}
