import { fromMilliseconds } from '@workload-identity/core'
import { checkStore } from '@workload-identity/store-admin'
import type { NamedStore } from './store-options.ts'

/** Checks a store, prints the report, and gives whether nothing is a problem. */
export async function runCheck({ name, open, sealing }: NamedStore, asJson: boolean): Promise<boolean> {
  const now = fromMilliseconds(Date.now())
  const report = await checkStore({ open, now, ...(sealing !== undefined && { sealing }) })
  if (asJson) {
    console.log(JSON.stringify({ store: name, ...report }, undefined, 1))
    return report.ok
  }
  console.log(name)
  for (const { check, status, detail } of report.checks) {
    console.log(`${status.padEnd(8)} ${check.padEnd(12)} ${detail}`)
  }
  const { fingerprint, keys_fingerprint: published } = report.facts
  if (fingerprint !== undefined) console.log(`fingerprint of the ring: ${fingerprint}`)
  if (published !== undefined) console.log(`fingerprint of the published keys: ${published}`)
  return report.ok
}
