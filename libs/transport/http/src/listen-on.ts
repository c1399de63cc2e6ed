import type { FastifyInstance } from 'fastify'

/** Where a server listens: a TCP port (0 picks a free one) or a Unix socket. */
export type ListenTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** How a server listens. */
export interface ListenOptions {
  /** Permissions of a Unix socket; 0600 unless given. */
  readonly socketMode?: number
}

export declare function listenOn(
  server: FastifyInstance,
  address: ListenTarget,
  options?: ListenOptions,
): Promise<string>
