import type { FastifyInstance } from 'fastify'
import type { TlsPair } from './http-options.ts'

/** Where a certificate chain and its private key are. */
export interface TlsFilePaths {
  readonly certPath: string
  readonly keyPath: string
}

/** What watching TLS files does and tells. */
export interface WatchTlsFilesOptions extends TlsFilePaths {
  /** The servers that get a new pair. */
  readonly servers: readonly FastifyInstance[]
  /** The pair that the servers have now. */
  readonly current: TlsPair
  /** How often the files are looked at. */
  readonly intervalMs: number
  readonly onReloaded?: () => void
  /** A new pair cannot be used and the old one stays; called once for each change. */
  readonly onProblem: (error: unknown) => void
}

/** Reads the pair; throws when it cannot be read or does not belong together. */
export declare function readTlsFiles(paths: TlsFilePaths): TlsPair

/** Watches; the function it gives ends the watch. */
export declare function watchTlsFiles(options: WatchTlsFilesOptions): () => void
