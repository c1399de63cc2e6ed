import type { Logger } from 'pino'
import type { Lifecycle } from './lifecycle.ts'
import { EXIT_FAILURE } from './start-failure.ts'

/** A promise of the first SIGTERM or SIGINT. The second one ends the process at once, with code 1. */
export function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (seen) process.exit(EXIT_FAILURE)
      seen = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}

/** Logs what nobody caught and ends the process with code 1: its state is not known any more. */
export function exitOnBug(logger: Logger): void {
  const onBug = (err: unknown) => {
    logger.fatal({ err }, 'an error that nobody handled; the process ends')
    process.exit(EXIT_FAILURE)
  }
  process.on('uncaughtException', onBug)
  process.on('unhandledRejection', onBug)
}

/** Stops everything and gives the exit code: 0 when it all stopped in time. */
export async function shutDown(
  lifecycle: Lifecycle,
  logger: Logger,
  signal: NodeJS.Signals,
): Promise<number> {
  logger.info({ signal }, 'stopping: requests in flight are finished first')
  try {
    await lifecycle.stop()
    logger.info('stopped')
    return 0
  } catch (error) {
    const failures = error instanceof AggregateError ? error.errors : [error]
    for (const err of failures) logger.error({ err }, 'a part did not stop cleanly')
    return EXIT_FAILURE
  }
}
