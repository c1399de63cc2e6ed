#!/usr/bin/env node
import 'reflect-metadata'
import { createContainer } from './composition/container.ts'
import { openState } from './composition/open-state.ts'
import { LIFECYCLE } from './composition/tokens.ts'
import { PROGRAM_NAME, readConfig, type IssuerConfig } from './config.ts'
import { createLogger } from './logging.ts'
import { exitOnBug, shutDown, waitForSignal } from './run-process.ts'
import { describeStartFailure } from './start-failure.ts'

async function run(config: IssuerConfig): Promise<number> {
  const logger = createLogger(config.logLevel)
  exitOnBug(logger)
  const signal = waitForSignal()
  const container = createContainer(config, await openState(config, logger))
  const lifecycle = container.resolve(LIFECYCLE)
  await lifecycle.start()
  return shutDown(lifecycle, logger, await signal)
}

try {
  const reading = readConfig(process.argv.slice(2), process.env)
  if (reading.kind === 'text') process.stdout.write(`${reading.text}\n`)
  else process.exitCode = await run(reading.config)
} catch (error) {
  const { message, exitCode } = describeStartFailure(error)
  process.stderr.write(`${PROGRAM_NAME}: ${message}\n`)
  process.exitCode = exitCode
}
