import type { Clock } from '@workload-identity/core'
import type { RunnerProxy, TokenFileKeeper } from '@workload-identity/runner'
import type { Lifecycle, Listeners } from '@workload-identity/service'
import type { Logger } from 'pino'
import type { InjectionToken } from 'tsyringe'
import type { RunnerProxyConfig } from '../config.ts'
import type { IssuerConnection } from '../issuer-connection.ts'
import type { Metrics } from '../metrics.ts'

// One token for each role; which object plays it is decided in container.ts alone.

/** The listeners of a runner proxy. */
export type ProxyListenerName = 'token' | 'control'

/** The configuration of the process. */
export const CONFIG: InjectionToken<RunnerProxyConfig> = Symbol('RunnerProxyConfig')
/** The log of the process. */
export const LOGGER: InjectionToken<Logger> = Symbol('Logger')
/** The one clock. */
export const CLOCK: InjectionToken<Clock> = Symbol('Clock')
/** The issuer. */
export const ISSUER_CONNECTION: InjectionToken<IssuerConnection> = Symbol('IssuerConnection')
/** Assignments, cache and batches: what answers the sandboxes. */
export const RUNNER_PROXY: InjectionToken<RunnerProxy> = Symbol('RunnerProxy')
/** The token files of the sandboxes, if they are to have any. */
export const TOKEN_FILES: InjectionToken<TokenFileKeeper | undefined> = Symbol('TokenFileKeeper')
/** What is counted. */
export const METRICS: InjectionToken<Metrics> = Symbol('Metrics')
/** The two HTTP servers and where they listen. */
export const LISTENERS: InjectionToken<Listeners<ProxyListenerName>> = Symbol('Listeners')
/** Start and stop of everything. */
export const LIFECYCLE: InjectionToken<Lifecycle> = Symbol('Lifecycle')
