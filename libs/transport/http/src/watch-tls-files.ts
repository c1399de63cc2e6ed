import { statSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import type { TlsPair } from './http-options.ts'
import { readTlsFiles, type TlsFilePaths } from './tls-files.ts'
import './replace-tls.ts'

/** What watching TLS files does and tells. */
export interface WatchTlsFilesOptions extends TlsFilePaths {
  /** The servers that get a new pair, for connections made from then on. */
  readonly servers: readonly FastifyInstance[]
  /** The pair that the servers have now. */
  readonly current: TlsPair
  /** How often the files are looked at. */
  readonly intervalMs: number
  readonly onReloaded?: () => void
  /** New files cannot be used, and the old pair stays. Called once for each change. */
  readonly onProblem: (error: unknown) => void
}

/**
 * Watches the files of a pair and gives a new one to running servers; the function it gives ends the watch. Files are
 * looked at by name, again and again, because notices get lost when a folder is swapped by a symbolic link, as
 * Kubernetes does. A certificate without its key yet is what a change looks like half-way, so a pair that cannot be used
 * is reported only when it is still the same at the next look. Does not keep the process alive.
 */
export function watchTlsFiles(options: WatchTlsFilesOptions): () => void {
  const { servers, intervalMs, onReloaded, onProblem } = options
  let current = options.current
  // Unknown at first, so that a change between the first reading and now is not missed.
  let used: string | undefined
  let failed: { readonly files: string; readonly isReported: boolean } | undefined

  const look = () => {
    const files = describeFiles(options)
    if (files === used || (failed?.files === files && failed.isReported)) return
    try {
      const pair = readTlsFiles(options)
      if (pair.cert !== current.cert || pair.key !== current.key || pair.clientCa !== current.clientCa) {
        for (const server of servers) server.replaceTls(pair)
        current = pair
        onReloaded?.()
      }
      used = files
      failed = undefined
    } catch (error) {
      const isSame = failed?.files === files
      failed = { files, isReported: isSame }
      if (isSame) onProblem(error)
    }
  }

  const timer = setInterval(look, intervalMs).unref()
  return () => clearInterval(timer)
}

/** What tells one state of the files from another: also a swapped link changes the file that is reached through it. */
function describeFiles({ certPath, keyPath, clientCaPath }: TlsFilePaths): string {
  return [certPath, keyPath, clientCaPath].map(describeFile).join(' ')
}

function describeFile(path: string | undefined): string {
  if (path === undefined) return 'none'
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true })
    return [dev, ino, size, mtimeNs].join(':')
  } catch {
    return 'unreadable'
  }
}
