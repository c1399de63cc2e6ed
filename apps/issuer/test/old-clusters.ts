import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** The forms in which clusters kept their keys. */
export type OldClusterForm = 'rsa' | 'ed25519' | 'seed' | 'mixed'

/** A key of such a cluster, as openssl sees it. */
export interface OldKey {
  /** Path in the cluster's folder. */
  readonly file: string
  readonly alg: string
  readonly kid: string
  /** A token that it signed, valid for an hour. */
  readonly token: string
}

/** A cluster before it moved here. */
export interface OldCluster {
  readonly folder: string
  /** The primary key first. */
  readonly keys: readonly [OldKey, ...OldKey[]]
}

/** Has openssl make one cluster of each form, for the issuer URL; removed after the tests of the file. */
export function createOldClusters(issuerUrl: string): Readonly<Record<OldClusterForm, OldCluster>> {
  const parent = mkdtempSync(join(tmpdir(), 'wid-clusters-'))
  afterAll(() => rmSync(parent, { recursive: true, force: true }))
  const script = fileURLToPath(new URL('make-old-clusters.sh', import.meta.url))
  execFileSync('sh', [script, parent, issuerUrl], { stdio: 'pipe' })
  const read = (form: OldClusterForm): OldCluster => {
    const folder = join(parent, form)
    const lines = readFileSync(join(folder, 'expected.tsv'), 'utf8').trimEnd().split('\n')
    const keys = lines.map((line): OldKey => {
      const [file = '', alg = '', kid = '', token = ''] = line.split('\t')
      return { file, alg, kid, token }
    })
    return { folder, keys: keys as [OldKey, ...OldKey[]] }
  }
  return { rsa: read('rsa'), ed25519: read('ed25519'), seed: read('seed'), mixed: read('mixed') }
}
