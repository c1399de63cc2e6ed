import type { RunnerProxy, TokenFileKeeper } from '@workload-identity/runner'
import { announceReady, type LifecyclePart, type Listeners } from '@workload-identity/service'
import type { Logger } from 'pino'
import type { IssuerConnection } from '../issuer-connection.ts'
import type { ProxyListenerName } from './tokens.ts'

/** What is started and stopped. */
export interface LifecyclePartsOptions {
  readonly connection: IssuerConnection
  readonly proxy: RunnerProxy
  /** Absent = no token files. */
  readonly tokenFiles: TokenFileKeeper | undefined
  readonly listeners: Listeners<ProxyListenerName>
  readonly logger: Logger
}

/**
 * The parts of a runner proxy in the order of their start. When it stops, requests in flight are answered first; then the
 * connection is closed, so that nothing waits for an issuer that does not answer. `ready` is said when everything else is
 * done.
 */
export function createLifecycleParts(options: LifecyclePartsOptions): readonly LifecyclePart[] {
  const { connection, proxy, tokenFiles, listeners, logger } = options
  return [
    // For a start that fails half-way.
    { name: 'connection to the issuer', stop: () => connection.close() },
    { name: 'credentials', start: () => connection.task.start(), stop: () => connection.task.stop() },
    { name: 'assignments', start: () => proxy.start(), stop: () => proxy.stop() },
    ...(tokenFiles === undefined
      ? []
      : [{ name: 'token files', start: () => tokenFiles.start(), stop: () => tokenFiles.stop() }]),
    { name: 'requests to the issuer', stop: () => connection.close() },
    { name: 'listeners', start: () => listeners.start(), stop: () => listeners.stop() },
    { name: 'ready', start: () => announceReady(logger, listeners.addresses()) },
  ]
}
