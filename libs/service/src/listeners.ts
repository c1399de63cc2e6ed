import type { ListenAddress } from '@workload-identity/settings'
import {
  listenOn,
  readTlsFiles,
  watchTlsFiles,
  type createTokenServer,
  type TlsFilePaths,
  type TlsPair,
} from '@workload-identity/transport-http'
import type { Logger } from 'pino'

type Server = ReturnType<typeof createTokenServer>

/** Where a server listens, and how. */
export interface ListenerOptions {
  readonly address: ListenAddress
  /** The files of its certificate, read again on change. A Unix socket stays plain whatever they are. */
  readonly tls?: TlsFilePaths
  /** Permissions of its socket, if it is one. */
  readonly socketMode: number
}

/** The servers of a process, listening from start to stop. */
export interface Listeners<Name extends string> {
  /** Binds all of them, in the order they were given; fails when one cannot be bound. */
  start(): Promise<void>
  /** Stops accepting on all of them, lets requests in flight finish, then cuts what is left. */
  stop(): Promise<void>
  /**
   * Where each one really listens, as a URL or `unix:<path>`.
   *
   * @throws {TypeError} before the start.
   */
  addresses(): Readonly<Record<Name, string>>
}

/** What {@link createListeners} needs. */
export interface ListenersDependencies<Name extends string> {
  readonly listeners: Readonly<Record<Name, ListenerOptions>>
  /** Makes the servers, once their certificates are read; one that serves plain HTTP has none. */
  readonly createServers: (tls: Readonly<Partial<Record<Name, TlsPair>>>) => Readonly<Record<Name, Server>>
  readonly logger: Logger
  /** How long requests in flight may take once it stops. */
  readonly drainMs: number
  readonly tlsIntervalMs: number
}

/** One certificate and the listeners that show it. */
interface Certificate<Name extends string> {
  readonly paths: TlsFilePaths
  readonly pair: TlsPair
  readonly users: readonly Name[]
}

/** Makes {@link Listeners}. */
export function createListeners<Name extends string>(
  dependencies: ListenersDependencies<Name>,
): Listeners<Name> {
  const { listeners, createServers, drainMs } = dependencies
  const names = Object.keys(listeners) as Name[]
  let servers: Readonly<Record<Name, Server>> | undefined
  let bound: Readonly<Record<Name, string>> | undefined
  let stopWatching: readonly (() => void)[] = []

  return {
    addresses() {
      if (bound === undefined) throw new TypeError('the listeners have not been started')
      return bound
    },
    async start() {
      const certificates = readCertificates(listeners)
      const started = createServers(
        Object.fromEntries(
          certificates.flatMap(({ users, pair }) => users.map((name) => [name, pair])),
        ) as Partial<Record<Name, TlsPair>>,
      )
      servers = started
      const addresses: Partial<Record<Name, string>> = {}
      for (const name of names) {
        const { address, socketMode } = listeners[name]
        addresses[name] = await listenOn(started[name], address, { socketMode })
      }
      bound = addresses as Record<Name, string>
      stopWatching = certificates.map((certificate) =>
        watchCertificate(
          dependencies,
          certificate,
          certificate.users.map((name) => started[name]),
        ),
      )
    },
    async stop() {
      for (const stop of stopWatching) stop()
      await Promise.all(Object.values<Server>(servers ?? {}).map((server) => drain(server, drainMs)))
    },
  }
}

/** Reads each certificate once, whoever shares it, so that they show the same one. */
function readCertificates<Name extends string>(
  listeners: Readonly<Record<Name, ListenerOptions>>,
): readonly Certificate<Name>[] {
  const users = new Map<string, { readonly paths: TlsFilePaths; readonly names: Name[] }>()
  for (const name of Object.keys(listeners) as Name[]) {
    const { tls, address } = listeners[name]
    if (tls === undefined || address.kind === 'unix') continue
    const files = JSON.stringify(tls)
    users.set(files, { paths: tls, names: [...(users.get(files)?.names ?? []), name] })
  }
  return [...users.values()].map(({ paths, names }) => ({ paths, pair: readTlsFiles(paths), users: names }))
}

function watchCertificate<Name extends string>(
  { logger, tlsIntervalMs }: ListenersDependencies<Name>,
  { paths, pair }: Certificate<Name>,
  servers: readonly Server[],
): () => void {
  return watchTlsFiles({
    ...paths,
    servers,
    current: pair,
    intervalMs: tlsIntervalMs,
    onReloaded: () => logger.info({ ...paths }, 'read the changed TLS files'),
    onProblem: (err) =>
      logger.error({ err, ...paths }, 'the changed TLS files cannot be used: the old ones stay'),
  })
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), drainMs)
  try {
    await server.close()
  } finally {
    clearTimeout(timer)
  }
}
