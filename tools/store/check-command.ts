import { fromMilliseconds } from '@workload-identity/core'
import { checkStore } from '@workload-identity/store-admin'
import type { NamedStore } from './store-options.ts'

/** Checks a store, prints the report, and gives the exit code: 1 for a problem, 2 when something could not be opened. */
export async function runCheck({ name, open, sealing }: NamedStore, asJson: boolean): Promise<0 | 1 | 2> {
  const now = fromMilliseconds(Date.now())
  const report = await checkStore({ open, now, ...(sealing !== undefined && { sealing }) })
  const exitCode = report.ok ? (report.complete ? 0 : 2) : 1
  if (asJson) {
    console.log(JSON.stringify({ store: name, ...report }, undefined, 1))
    return exitCode
  }
  console.log(name)
  for (const { check, status, detail } of report.checks) {
    console.log(`${status.padEnd(8)} ${check.padEnd(12)} ${detail}`)
  }
  const { fingerprint, keys_fingerprint: published } = report.facts
  if (fingerprint !== undefined) console.log(`fingerprint of the ring: ${fingerprint}`)
  if (published !== undefined) console.log(`fingerprint of the published keys: ${published}`)
  if (!report.complete) {
    console.log(
      'not all of it could be opened: give every key that it is sealed with by --key-encryption-key-file',
    )
  }
  return exitCode
}
