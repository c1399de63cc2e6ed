import { fromMilliseconds, type Clock } from '@workload-identity/core'
import {
  createRunnerProxy,
  createTokenFileKeeper,
  type TokenFileOwner,
  type TokenFileState,
} from '@workload-identity/runner'
import { createLifecycle, createListeners } from '@workload-identity/service'
import { createTokenServer, type HttpOptions } from '@workload-identity/transport-http'
import type { Logger } from 'pino'
import {
  instanceCachingFactory,
  container as rootContainer,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe'
import type { RunnerProxyConfig } from '../config.ts'
import { createProxyControlServer } from '../control-server.ts'
import { createEventLog } from '../event-log.ts'
import { openIssuerConnection } from '../issuer-connection.ts'
import { createTokenFileLog } from '../token-file-log.ts'
import { createMetrics } from '../metrics.ts'
import { createLifecycleParts } from './lifecycle-parts.ts'
import * as tokens from './tokens.ts'

/** Pauses between what is done again and again, in milliseconds. */
const pauses = { lookAtCredentials: 1_000, lookAtTlsFiles: 5_000 }

/** How long requests in flight may go on after a signal, and how long each part may take to stop. */
// Below the 10 s that most supervisors grant between SIGTERM and SIGKILL.
const DRAIN_MS = 8_000
const STOP_TIMEOUT_MS = 12_000

/** Permissions of sockets: sandboxes get in by group, administrators are the owner. */
const socketModes: Readonly<Record<tokens.ProxyListenerName, number>> = { token: 0o660, control: 0o600 }

/** The clock of the machine; the only place that reads it. */
const systemClock: Clock = () => fromMilliseconds(Date.now())

type Get = <T>(token: InjectionToken<T>) => T

/**
 * Wires a runner proxy: a container of its own, in which every role of `tokens.ts` is played by one object, made when it
 * is first asked for.
 *
 * @param tokenFileOwner to whom token files are given.
 */
export function createContainer(
  config: RunnerProxyConfig,
  logger: Logger,
  tokenFileOwner: TokenFileOwner = {},
): DependencyContainer {
  const container = rootContainer.createChildContainer()
  const provide = <T>(token: InjectionToken<T>, make: () => T) => {
    container.register(token, { useFactory: instanceCachingFactory(make) })
  }
  const get: Get = (token) => container.resolve(token)

  provide(tokens.CONFIG, () => config)
  provide(tokens.LOGGER, () => logger)
  provide(tokens.CLOCK, () => systemClock)
  provide(tokens.ISSUER_CONNECTION, () =>
    openIssuerConnection({
      config,
      logger,
      onTry: (facts) => get(tokens.METRICS).recordTry(facts),
      lookEveryMs: pauses.lookAtCredentials,
    }),
  )
  provide(tokens.RUNNER_PROXY, () => {
    const log = createEventLog(logger)
    return createRunnerProxy({
      client: get(tokens.ISSUER_CONNECTION).client,
      clock: get(tokens.CLOCK),
      maxAssignmentAge: config.maxAssignmentAge,
      runnerId: config.runnerId,
      onEvent(event) {
        get(tokens.METRICS).recordEvent(event)
        log(event)
      },
    })
  })
  provide(tokens.TOKEN_FILES, () => makeTokenFiles(get, tokenFileOwner))
  provide(tokens.METRICS, () =>
    createMetrics({
      state: () => get(tokens.RUNNER_PROXY).state(),
      ...(config.tokenFiles !== undefined && { tokenFiles: () => stateOfTokenFiles(get) }),
    }),
  )
  provide(tokens.LISTENERS, () => makeListeners(get))
  provide(tokens.LIFECYCLE, () =>
    createLifecycle(
      createLifecycleParts({
        connection: get(tokens.ISSUER_CONNECTION),
        proxy: get(tokens.RUNNER_PROXY),
        tokenFiles: get(tokens.TOKEN_FILES),
        listeners: get(tokens.LISTENERS),
        logger,
      }),
      STOP_TIMEOUT_MS,
    ),
  )
  return container
}

function makeTokenFiles(get: Get, owner: TokenFileOwner) {
  const { tokenFiles } = get(tokens.CONFIG)
  if (tokenFiles === undefined) return undefined
  const { directory, writeInPlace, onRefresh } = tokenFiles
  const log = createTokenFileLog(get(tokens.LOGGER))
  return createTokenFileKeeper({
    ...{ directory, owner, writeInPlace },
    ...(onRefresh !== undefined && { onRefresh }),
    proxy: get(tokens.RUNNER_PROXY),
    readIssuerUrl: async () => (await get(tokens.ISSUER_CONNECTION).client.readIssuer()).issuer,
    clock: get(tokens.CLOCK),
    onEvent(event) {
      get(tokens.METRICS).recordTokenFileEvent(event)
      log(event)
    },
  })
}

function stateOfTokenFiles(get: Get): TokenFileState {
  const keeper = get(tokens.TOKEN_FILES)
  if (keeper === undefined) throw new TypeError('there are no token files')
  return keeper.state()
}

function makeListeners(get: Get) {
  const [config, logger] = [get(tokens.CONFIG), get(tokens.LOGGER)]
  const [metrics, proxy] = [get(tokens.METRICS), get(tokens.RUNNER_PROXY)]
  const tls = config.tls !== undefined && { tls: config.tls }
  const http = (pair: HttpOptions['tls']): HttpOptions => ({
    logger,
    ...(pair !== undefined && { tls: pair }),
    trustedProxies: config.trustedProxies,
    onAnswer: (answer) => metrics.recordAnswer(answer),
  })
  return createListeners<tokens.ProxyListenerName>({
    listeners: {
      token: { address: config.tokenListen, socketMode: socketModes.token, ...tls },
      control: { address: config.controlListen, socketMode: socketModes.control, ...tls },
    },
    createServers: (pairs) => ({
      token: createTokenServer({ sandboxTokens: proxy.sandboxTokens, http: http(pairs.token) }),
      control: createProxyControlServer({
        // It is live as long as it answers at all: a restart would not bring an issuer back.
        health: { live: () => ({ problems: [] }), ready: () => proxy.readiness() },
        metrics,
        http: http(pairs.control),
      }),
    }),
    logger,
    drainMs: DRAIN_MS,
    tlsIntervalMs: pauses.lookAtTlsFiles,
  })
}
