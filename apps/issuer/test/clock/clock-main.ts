import 'reflect-metadata'
import { fromMilliseconds, seconds } from '@workload-identity/core'
import { createLogger, exitOnBug, shutDown, waitForSignal } from '@workload-identity/service'
import { createContainer } from '../../src/composition/container.ts'
import { openState } from '../../src/composition/open-state.ts'
import { LIFECYCLE } from '../../src/composition/tokens.ts'
import { readConfig } from '../../src/config.ts'
import { readClockOffset } from './file-clock.ts'

// `main.ts` with the clock of a test, and with short pauses, so that what follows from moving that clock follows soon.
// Nothing that ships can be told to use another clock than the machine's.

const reading = readConfig(process.argv.slice(2), process.env)
if (reading.kind === 'text') throw new Error('this entry point is for tests')
const { config } = reading
const logger = createLogger(config.logLevel)
exitOnBug(logger)
const signal = waitForSignal()
const state = await openState(
  config,
  logger,
  () => fromMilliseconds(Date.now() + readClockOffset()),
  // What a test calls the passing of time is no leap: the other clock goes along.
  () => seconds(Math.floor((performance.now() + readClockOffset()) / 1000)),
)
const container = createContainer(config, state, { refreshRing: 50, refreshSharedRing: 50, rotateKeys: 50 })
const lifecycle = container.resolve(LIFECYCLE)
await lifecycle.start()
process.exitCode = await shutDown(lifecycle, logger, await signal)
