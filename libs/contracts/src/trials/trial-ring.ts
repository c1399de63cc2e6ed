import type { StoredKeyRing } from '@workload-identity/core'

/** A ring whose document can be told from its version, so that every byte of what is found can be checked. */
export function trialRing(generation: number, write_id: string): StoredKeyRing {
  return { generation, write_id, document: trialDocument(generation, write_id) }
}

/** Whether the document is the one that belongs to the version: whole, and no mixture. */
export function isWholeTrialRing(ring: StoredKeyRing): boolean {
  return ring.document === trialDocument(ring.generation, ring.write_id)
}

// Between a few bytes and several pages, so that a torn one has something to be torn.
function trialDocument(generation: number, write_id: string): string {
  const filling = `${write_id} `.repeat((generation * 37) % 700)
  return JSON.stringify({ generation, write_id, filling })
}
