import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogDestination } from './log-destination.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A logger on such a destination, and the messages of each batch that was written. */
function logging() {
  const batches: string[][] = []
  const toMessage = (line: string) => (JSON.parse(line) as { msg: string }).msg
  const destination = createLogDestination({
    write: (lines) => void batches.push(lines.trimEnd().split('\n').map(toMessage)),
  })
  return { batches, destination, logger: pino({ level: 'debug' }, destination) }
}

describe('createLogDestination', () => {
  it('writes a line at once when none was written within 50 ms', () => {
    const { batches, logger } = logging()
    logger.info('a')
    vi.advanceTimersByTime(50)
    logger.info('b')
    expect(batches).toStrictEqual([['a'], ['b']])
  })

  it('lets lines that follow wait for 50 ms, and writes them together in their order', () => {
    const { batches, logger } = logging()
    logger.info('a')
    vi.advanceTimersByTime(49)
    logger.info('b')
    logger.debug('c')
    vi.advanceTimersByTime(49)
    expect(batches).toStrictEqual([['a']])
    vi.advanceTimersByTime(1)
    expect(batches).toStrictEqual([['a'], ['b', 'c']])
  })

  it.each(['warn', 'error', 'fatal'] as const)(
    'writes a line of level %s at once, after what waits',
    (level) => {
      const { batches, logger } = logging()
      logger.info('a')
      logger.info('b')
      logger[level]('c')
      expect(batches).toStrictEqual([['a'], ['b', 'c']])
      logger.info('d')
      expect(batches).toHaveLength(2)
    },
  )

  it('knows the level of lines of a child', () => {
    const { batches, logger } = logging()
    logger.info('a')
    logger.child({ part: 'x' }).warn('b')
    expect(batches).toStrictEqual([['a'], ['b']])
  })

  it('does not let more than 16384 characters wait', () => {
    const { batches, destination, logger } = logging()
    logger.info('a')
    destination.write(`{"msg":"${'x'.repeat(16_383 - 11)}"}\n`)
    expect(batches).toHaveLength(1)
    destination.write('\n')
    expect(batches).toHaveLength(2)
  })

  it('writes what waits when it is flushed, and nothing later', () => {
    const { batches, destination, logger } = logging()
    logger.info('a')
    logger.info('b')
    destination.flush()
    destination.flush()
    vi.advanceTimersByTime(1000)
    expect(batches).toStrictEqual([['a'], ['b']])
  })
})
