import { execFile } from 'node:child_process'
import type { Environment } from '@workload-identity/settings'
import type { Logger } from 'pino'
import type { LifecyclePart } from './lifecycle.ts'

/** What a service manager is told with. */
export interface ServiceManagerOptions {
  /** The variables of the process: systemd sets `NOTIFY_SOCKET`, and `WATCHDOG_USEC` in a unit with `WatchdogSec=`. */
  readonly env: Environment
  readonly logger: Pick<Logger, 'warn'>
  /** The program that speaks to systemd; found on the PATH. */
  readonly program?: string
}

const TIMEOUT_MS = 5000

/**
 * Tells systemd what it waits for in a unit of `Type=notify`: at `start` that the service is ready, then that it lives, three
 * times in each interval of the watchdog, and at `stop` that it ends. Does nothing where no service manager asks.
 *
 * The socket for this takes datagrams, which Node cannot send to a path, so `systemd-notify` does: it is part of systemd.
 * A timer of this process starts it, so an event loop that hangs is a service that is not heard of any more. A message that cannot be
 * sent is logged once and never ends the service: systemd does when it hears nothing.
 *
 * @see {@link https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html sd_notify(3)}
 */
export function createServiceManager({
  env,
  logger,
  program = 'systemd-notify',
}: ServiceManagerOptions): LifecyclePart {
  const socket = env['NOTIFY_SOCKET']
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000
  let timer: NodeJS.Timeout | undefined
  let hasFailed = false

  const tell = async (message: string) => {
    if (socket === undefined) return
    const variables = { PATH: env['PATH'], NOTIFY_SOCKET: socket }
    // Node tells some failures by the callback and throws others, such as a lack of memory.
    const error = await new Promise<unknown>((resolve) =>
      execFile(program, [message], { env: variables, timeout: TIMEOUT_MS }, resolve),
    ).catch((thrown: unknown) => thrown)
    if (error !== null && !hasFailed) {
      logger.warn({ err: error }, `${program} failed: the service manager does not hear of this service`)
    }
    hasFailed = error !== null
  }

  return {
    name: 'service manager',
    async start() {
      await tell('READY=1')
      if (socket !== undefined && watchdogMs > 0) {
        timer = setInterval(() => void tell('WATCHDOG=1'), watchdogMs / 3)
      }
    },
    async stop() {
      clearInterval(timer)
      await tell('STOPPING=1')
    },
  }
}
