import { availableParallelism } from 'node:os'
import { outputOf } from './processes.ts'

/** The algorithms that are measured. */
export type BenchAlgorithm = 'RS256' | 'ES256'

const openSslNames: Readonly<Record<BenchAlgorithm, string>> = { RS256: 'rsa2048', ES256: 'ecdsap256' }

/**
 * Signatures a second that OpenSSL makes with every core and nothing else to do: what no issuer on this machine can reach.
 * In wall-clock time, as everything else here: by default OpenSSL counts CPU time, in which a busy machine does not show.
 */
export async function measureCeiling(algorithm: BenchAlgorithm, seconds: number): Promise<number> {
  const output = await outputOf('openssl', [
    ...['speed', '-elapsed', '-mr', '-multi', String(availableParallelism())],
    ...['-seconds', String(seconds), openSslNames[algorithm]],
  ])
  return readOpenSslSpeed(output)
}

/**
 * Signatures a second in the machine-readable report of `openssl speed`.
 *
 * @throws when it holds no such line.
 */
export function readOpenSslSpeed(output: string): number {
  const rate = Number(/^\+F[24]:\d+:\d+:([\d.]+):[\d.]+$/m.exec(output)?.[1])
  if (!(rate > 0)) throw new Error('openssl speed gave no rate of signatures')
  return rate
}
