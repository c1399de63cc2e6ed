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
 * @param sink takes what is due.
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

/** How much is kept while nobody reads the standard output, in characters. */
const MAX_UNREAD = 4 * 1024 * 1024

/**
 * The standard output as a {@link LogDestination}. It is written in the background: while nobody reads it, 4 MiB are kept
 * and what comes then is lost, so that a log collector that hangs never stops the service. `onLost` is told how often that
 * happened, once somebody reads again. What waits when the process ends is written then.
 */
export function openStandardOutput(onLost: (batches: number) => void): LogDestination {
  const sink = pino.destination({ dest: 1, sync: false, maxLength: MAX_UNREAD })
  let lost = 0
  sink.on('drop', () => (lost += 1))
  sink.on('drain', () => {
    if (lost === 0) return
    onLost(lost)
    lost = 0
  })
  const destination = createLogDestination(sink)
  process.once('exit', () => {
    destination.flush()
    sink.flushSync()
  })
  return destination
}
