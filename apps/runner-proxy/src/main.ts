#!/usr/bin/env node
import 'reflect-metadata'
import {
  createLogger,
  createServiceManager,
  describeStartFailure,
  exitOnBug,
  shutDown,
  waitForSignal,
} from '@workload-identity/service'
import { createContainer } from './composition/container.ts'
import { LIFECYCLE } from './composition/tokens.ts'
import { PROGRAM_NAME, readConfig, type RunnerProxyConfig } from './config.ts'
import { findTokenFileOwner } from './token-file-config.ts'

async function run(config: RunnerProxyConfig): Promise<number> {
  const logger = createLogger(config.logLevel)
  exitOnBug(logger)
  const signal = waitForSignal()
  const owner = config.tokenFiles && (await findTokenFileOwner(config.tokenFiles))
  const container = createContainer(config, logger, owner)
  const lifecycle = container.resolve(LIFECYCLE)
  await lifecycle.start()
  const manager = createServiceManager({ env: process.env, logger })
  await manager.start?.()
  const received = await signal
  await manager.stop?.()
  return shutDown(lifecycle, logger, received)
}

try {
  const reading = readConfig(process.argv.slice(2), process.env)
  if (reading.kind === 'text') process.stdout.write(`${reading.text}\n`)
  else process.exitCode = await run(reading.config)
} catch (error) {
  const { message, exitCode } = describeStartFailure(error, ['ERR_REQUEST_INVALID'])
  process.stderr.write(`${PROGRAM_NAME}: ${message}\n`)
  process.exitCode = exitCode
}
