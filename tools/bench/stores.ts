import { startBenchRedis } from './redis.ts'

/** A store the mint over HTTP is measured with. */
export interface BenchStore {
  readonly name: string
  /** Gives the value of `--store` for an existing folder of its own, with whatever server it needs started. */
  readonly open: (folder: string) => Promise<string>
}

/** One row each. An engine joins the benchmark by a line here. */
export const stores: readonly [BenchStore, ...BenchStore[]] = [
  { name: 'SQLite', open: async (folder) => `sqlite:${folder}/issuer.db` },
  { name: 'file', open: async (folder) => `file:${folder}/store` },
  { name: 'Redis', open: startBenchRedis },
]
