import {
  buildDiscoveryDocument,
  currentIssuerUrl,
  toPublicJwks,
  type UnixSeconds,
} from '@workload-identity/core'
import { loadRing, openStores } from '@workload-identity/store-admin'
import type { NamedStore } from '../store/store-options.ts'
import { PublishError } from './publish-error.ts'
import { readDocuments, type PublishedDocuments } from './published-documents.ts'

/**
 * Both documents as an issuer on that store serves them at `now`. Opens the store read-only and closes it.
 *
 * @throws {PublishError} when it holds no ring.
 * @throws {IssuerError} those of the store.
 */
export async function readStoreDocuments(
  { name, open, sealing }: NamedStore,
  now: UnixSeconds,
): Promise<PublishedDocuments> {
  const stores = await openStores({ ...open, readOnly: true })
  try {
    const ring = await loadRing({ stores, ...(sealing !== undefined && { sealing }) })
    if (ring === undefined) throw new PublishError(`${name} holds no key ring`)
    const discovery = buildDiscoveryDocument(currentIssuerUrl(ring), ring, now)
    return {
      ...readDocuments(JSON.stringify(discovery), JSON.stringify(toPublicJwks(ring, now))),
      knownKids: new Set([...ring.keys, ...ring.history].map(({ kid }) => kid)),
    }
  } finally {
    await stores.close()
  }
}
