/** Where one Redis process listens. An IPv6 host is written without brackets. */
export interface HostAndPort {
  readonly host: string
  /** 1–65535. */
  readonly port: number
}

/** How a Redis is reached: one server, a primary that Sentinel names, or a Cluster found through some of its nodes. */
export type RedisAddress =
  | {
      readonly kind: 'single'
      readonly server: HostAndPort
      /** The database number, 0 or more. */
      readonly db: number
      readonly tls: boolean
    }
  | {
      readonly kind: 'sentinel'
      /** Some of the sentinels; the others are learned from them. */
      readonly sentinels: readonly HostAndPort[]
      /** What the sentinels call the primary. */
      readonly name: string
      readonly db: number
      /** TLS to the sentinels as well as to the servers. */
      readonly tls: boolean
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[]; readonly tls: boolean }

/** What a Redis URL says: an address, and credentials if it holds some. */
export interface ParsedRedisUrl {
  readonly address: RedisAddress
  readonly username?: string
  readonly password?: string
}

const DEFAULT_PORT = 6379
const DEFAULT_SENTINEL_PORT = 26379

/**
 * The parts of `redis://[user[:password]@]host[:port][/db]`, `rediss://` for TLS. `?sentinel=<name>` makes the host a
 * sentinel (port 26379), `?cluster` a node of a Cluster; `&node=<host>[:port]`, repeatable, names further ones.
 *
 * @throws {TypeError} for anything else. No part of the text is repeated, as it may hold a password.
 */
export function parseRedisUrl(text: string): ParsedRedisUrl {
  const url = /^rediss?:\/\/[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null
  if (url === null || url.hostname === '' || url.hash !== '') {
    throw new TypeError('a Redis URL must be redis://<host> or rediss://<host>, without a fragment')
  }
  return {
    address: parseAddress(url),
    ...(url.username === '' ? {} : { username: decode(url.username) }),
    ...(url.password === '' ? {} : { password: decode(url.password) }),
  }
}

/** The address as a URL without credentials, for logs and error texts. */
export function formatRedisAddress(address: RedisAddress): string {
  const scheme = address.tls ? 'rediss' : 'redis'
  const [first = '', ...others] = entryPoints(address).map(formatHostAndPort)
  const parameters = [
    ...(address.kind === 'sentinel' ? [`sentinel=${encodeURIComponent(address.name)}`] : []),
    ...(address.kind === 'cluster' ? ['cluster'] : []),
    ...others.map((other) => `node=${other}`),
  ]
  const path = address.kind === 'cluster' || address.db === 0 ? '' : `/${address.db}`
  return `${scheme}://${first}${path}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`
}

/** The processes an address names: servers, or sentinels. */
export function entryPoints(address: RedisAddress): readonly HostAndPort[] {
  switch (address.kind) {
    case 'single':
      return [address.server]
    case 'sentinel':
      return address.sentinels
    case 'cluster':
      return address.nodes
  }
}

function parseAddress(url: URL): RedisAddress {
  const parameters = url.searchParams
  for (const name of parameters.keys()) {
    if (name !== 'sentinel' && name !== 'cluster' && name !== 'node') {
      throw new TypeError('a Redis URL may have the parameters sentinel, cluster and node only')
    }
  }
  const tls = url.protocol === 'rediss:'
  const name = parameters.get('sentinel')
  const isCluster = parameters.has('cluster')
  const defaultPort = name === null ? DEFAULT_PORT : DEFAULT_SENTINEL_PORT
  const first = parseHostAndPort(url.host, defaultPort)
  const others = parameters.getAll('node').map((node) => parseHostAndPort(node, defaultPort))
  if (name !== null) {
    if (isCluster) throw new TypeError('a Redis URL names a sentinel or a cluster, not both')
    if (name === '') throw new TypeError('the sentinel parameter must name the primary: ?sentinel=<name>')
    return { kind: 'sentinel', sentinels: [first, ...others], name, db: parseDatabase(url.pathname), tls }
  }
  if (isCluster) {
    if (parseDatabase(url.pathname) !== 0) throw new TypeError('a Redis Cluster has database 0 only')
    return { kind: 'cluster', nodes: [first, ...others], tls }
  }
  if (others.length > 0) throw new TypeError('the node parameter needs sentinel=<name> or cluster')
  return { kind: 'single', server: first, db: parseDatabase(url.pathname), tls }
}

function parseDatabase(path: string): number {
  if (path === '' || path === '/') return 0
  if (!/^\/\d{1,5}$/.test(path)) throw new TypeError('the path of a Redis URL must be a database number')
  return Number(path.slice(1))
}

function parseHostAndPort(text: string, defaultPort: number): HostAndPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? defaultPort)
  if (host === undefined || port < 1 || port > 65_535) {
    throw new TypeError('a Redis URL must name hosts as <host> or <host>:<port>')
  }
  return { host, port }
}

function formatHostAndPort({ host, port }: HostAndPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('user and password of a Redis URL must be percent-encoded')
  }
}
