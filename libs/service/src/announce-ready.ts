import type { Logger } from 'pino'

/**
 * Logs the line `{"msg":"ready", …}` with the addresses that were really bound. It is said at every log level, since
 * whoever started the process waits for it; its member `token` is an address, so nothing of it is redacted.
 */
export function announceReady(logger: Logger, addresses: Readonly<Record<string, string>>): void {
  logger.child({}, { level: 'info', redact: [] }).info({ ...addresses }, 'ready')
}
