import type { ListenAddress } from '@workload-identity/settings'
import {
  listenOn,
  readTlsFiles,
  watchTlsFiles,
  type createPublicServer,
  type ListenerName,
  type TlsFilePaths,
  type TlsPair,
} from '@workload-identity/transport-http'
import type { Logger } from 'pino'
import type { IssuerConfig } from './config.ts'

type Server = ReturnType<typeof createPublicServer>

/** Where each listener really listens, as a URL or `unix:<path>`. */
export type BoundAddresses = Readonly<Record<ListenerName, string>>

/** The three servers, listening from start to stop. */
export interface Listeners {
  /** Binds public, token and control; fails when one of them cannot be bound. */
  start(): Promise<void>
  /** Stops accepting on all of them, lets requests in flight finish, then cuts what is left. */
  stop(): Promise<void>
  /** @throws {TypeError} before the start. */
  addresses(): BoundAddresses
  /** The token endpoint as sandboxes see it: for `env`. */
  tokenUrl(): string
}

/** Makes the servers from what is known at start. */
export type CreateServers = (options: {
  readonly publicTls?: TlsPair
  readonly tokenTls?: TlsPair
  readonly controlTls?: TlsPair
  readonly tokenUrl: () => string
}) => Readonly<Record<ListenerName, Server>>

/** What {@link createListeners} needs. */
export interface ListenersDependencies {
  readonly config: IssuerConfig
  readonly createServers: CreateServers
  readonly logger: Logger
  /** How long requests in flight may take once it stops. */
  readonly drainMs: number
  readonly tlsIntervalMs: number
}

/** Permissions of sockets: what is public may be read by anybody, sandboxes get in by group, administrators are the owner. */
const socketModes: Readonly<Record<ListenerName, number>> = { public: 0o666, token: 0o660, control: 0o600 }

/** Makes {@link Listeners}. */
export function createListeners(dependencies: ListenersDependencies): Listeners {
  const { config, createServers, drainMs } = dependencies
  let servers: Readonly<Record<ListenerName, Server>> | undefined
  let bound: BoundAddresses | undefined
  let stopWatching: readonly (() => void)[] = []

  const addresses = () => {
    if (bound === undefined) throw new TypeError('the listeners have not been started')
    return bound
  }
  const tokenUrl = () => config.tokenUrl ?? toTokenUrl(addresses().token)

  return {
    addresses,
    tokenUrl,
    async start() {
      const publicTls = readPair(config.publicTls, config.publicListen)
      const tokenTls = readPair(config.tls, config.tokenListen)
      const controlTls = readPair(config.tls, config.controlListen)
      servers = createServers({
        ...(publicTls !== undefined && { publicTls }),
        ...(tokenTls !== undefined && { tokenTls }),
        ...(controlTls !== undefined && { controlTls }),
        tokenUrl,
      })
      const bind = (name: ListenerName, server: Server, address: ListenAddress) =>
        listenOn(server, address, { socketMode: socketModes[name] })
      bound = {
        public: await bind('public', servers.public, config.publicListen),
        token: await bind('token', servers.token, config.tokenListen),
        control: await bind('control', servers.control, config.controlListen),
      }
      stopWatching = [
        ...watchPair(dependencies, config.publicTls, [{ server: servers.public, pair: publicTls }]),
        ...watchPair(dependencies, config.tls, [
          { server: servers.token, pair: tokenTls },
          { server: servers.control, pair: controlTls },
        ]),
      ]
    },
    async stop() {
      for (const stop of stopWatching) stop()
      await Promise.all(Object.values(servers ?? {}).map((server) => drain(server, drainMs)))
    },
  }
}

/** A token endpoint that listens on every address is shown as the loopback one; `--token-url` says better. */
export function toTokenUrl(address: string): string {
  if (address.startsWith('unix:')) return address
  const url = new URL('/v1/token', address)
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.hostname === '[::]') url.hostname = '[::1]'
  return url.href
}

function readPair(paths: TlsFilePaths | undefined, address: ListenAddress): TlsPair | undefined {
  return paths === undefined || address.kind === 'unix' ? undefined : readTlsFiles(paths)
}

function watchPair(
  { logger, tlsIntervalMs }: ListenersDependencies,
  paths: TlsFilePaths | undefined,
  users: readonly { readonly server: Server; readonly pair: TlsPair | undefined }[],
): readonly (() => void)[] {
  const [current] = users.flatMap(({ pair }) => pair ?? [])
  if (paths === undefined || current === undefined) return []
  const stop = watchTlsFiles({
    ...paths,
    servers: users.flatMap(({ server, pair }) => (pair === undefined ? [] : [server])),
    current,
    intervalMs: tlsIntervalMs,
    onReloaded: () => logger.info({ ...paths }, 'read the changed TLS files'),
    onProblem: (err) =>
      logger.error({ err, ...paths }, 'the changed TLS files cannot be used: the old ones stay'),
  })
  return [stop]
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), drainMs)
  try {
    await server.close()
  } finally {
    clearTimeout(timer)
  }
}
