/** A store the mint over HTTP is measured with; `url` is the value of `--store` for a folder of its own. */
export interface BenchStore {
  readonly name: string
  readonly url: (folder: string) => string
}

/** One row each. An engine joins the benchmark by a line here. */
export const stores: readonly [BenchStore, ...BenchStore[]] = [
  { name: 'SQLite', url: (folder) => `sqlite:${folder}/issuer.db` },
  { name: 'file', url: (folder) => `file:${folder}/store` },
]
