import type { RedisClientOptions, ServerFinding } from '@workload-identity/driver-redis'

/** Where a store is. */
export type StoreAddress =
  | { readonly engine: 'file'; readonly directory: string }
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'redis'; readonly url: string }

/** How a store in Redis is reached, besides its URL. */
export interface RedisAccess extends Pick<RedisClientOptions, 'password' | 'sentinelPassword' | 'tls'> {
  /** What all keys and channels begin with; default `wid:`. */
  readonly prefix?: string
}

/** Which store to open and how. */
export interface OpenStoresOptions {
  readonly store: StoreAddress
  /** Whose ring it is in a Redis that several clusters share; default `default`. */
  readonly clusterId?: string
  /** Whether it must be there already and nothing may be written; default false. */
  readonly readOnly?: boolean
  /** Accepts a network file system, where nothing is promised about crashes and races; default false. */
  readonly allowNetworkFileSystem?: boolean
  readonly redis?: RedisAccess
  /** Told everything about the servers of a Redis that an operator should know. What it throws ends the opening. */
  readonly onFinding?: (finding: ServerFinding) => void
}
