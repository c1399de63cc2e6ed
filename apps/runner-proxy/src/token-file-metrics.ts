import type { TokenFileEvent, TokenFileState } from '@workload-identity/runner'
import { Counter, Gauge, type Registry } from 'prom-client'

/** Adds what a keeper of token files counts; gives what it is told with. */
export function addTokenFileMetrics(
  register: Registry,
  state: () => TokenFileState,
): (event: TokenFileEvent) => void {
  const registers = [register]
  new Gauge({
    name: 'wid_token_files',
    help: 'Token files by state: all of them, those whose last refresh failed, those without a token that counts.',
    labelNames: ['state'],
    registers,
    collect() {
      const { files, failing, without } = state()
      this.set({ state: 'kept' }, files)
      this.set({ state: 'failing' }, failing)
      this.set({ state: 'without' }, without)
    },
  })
  const refreshes = new Counter({
    name: 'wid_token_file_refreshes_total',
    help: 'Token files that were to get a new token, by outcome.',
    labelNames: ['outcome'],
    registers,
  })
  const hookFailures = new Counter({
    name: 'wid_token_file_hook_failures_total',
    help: 'Runs of the program of --on-refresh that did not end with 0.',
    registers,
  })
  return ({ type }) => {
    if (type === 'refreshed') refreshes.inc({ outcome: 'written' })
    if (type === 'refresh-failed') refreshes.inc({ outcome: 'failed' })
    if (type === 'hook-failed') hookFailures.inc()
  }
}
