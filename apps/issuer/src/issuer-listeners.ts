import { createListeners, type Listeners, type ListenersDependencies } from '@workload-identity/service'
import type { ListenerName, TlsPair } from '@workload-identity/transport-http'
import type { IssuerConfig } from './config.ts'

/** The three servers of an issuer, listening from start to stop. */
export interface IssuerListeners extends Listeners<ListenerName> {
  /** The token endpoint as sandboxes see it: for `env`. */
  tokenUrl(): string
}

type Servers = ReturnType<ListenersDependencies<ListenerName>['createServers']>

/** Makes the servers from what is known at start. */
export type CreateServers = (options: {
  readonly tls: Readonly<Partial<Record<ListenerName, TlsPair>>>
  readonly tokenUrl: () => string
}) => Servers

/** What {@link createIssuerListeners} needs. */
export interface IssuerListenersDependencies extends Omit<
  ListenersDependencies<ListenerName>,
  'listeners' | 'createServers'
> {
  readonly config: IssuerConfig
  readonly createServers: CreateServers
}

/** Permissions of sockets: what is public may be read by anybody, sandboxes get in by group, administrators are the owner. */
const socketModes: Readonly<Record<ListenerName, number>> = { public: 0o666, token: 0o660, control: 0o600 }

/** Makes {@link IssuerListeners}. */
export function createIssuerListeners({
  config,
  createServers,
  ...rest
}: IssuerListenersDependencies): IssuerListeners {
  const publicTls = config.publicTls !== undefined && { tls: config.publicTls }
  const tls = config.tls !== undefined && { tls: config.tls }
  const clientCa = config.clientCa !== undefined && { clientCaPath: config.clientCa }
  const controlTls = config.tls !== undefined && { tls: { ...config.tls, ...clientCa } }
  const listeners: Listeners<ListenerName> = createListeners({
    ...rest,
    listeners: {
      public: { address: config.publicListen, socketMode: socketModes.public, ...publicTls },
      token: { address: config.tokenListen, socketMode: socketModes.token, ...tls },
      control: { address: config.controlListen, socketMode: socketModes.control, ...controlTls },
    },
    createServers: (pairs) => createServers({ tls: pairs, tokenUrl }),
  })
  const tokenUrl = (): string => config.tokenUrl ?? toTokenUrl(listeners.addresses().token)
  return { ...listeners, tokenUrl }
}

/** A token endpoint that listens on every address is shown as the loopback one; `--token-url` says better. */
export function toTokenUrl(address: string): string {
  if (address.startsWith('unix:')) return address
  const url = new URL('/v1/token', address)
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.hostname === '[::]') url.hostname = '[::1]'
  return url.href
}
