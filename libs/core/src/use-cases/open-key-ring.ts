import { IssuerError, isIssuerError } from '../errors.ts'
import { proveRing } from '../key-ring/codec.ts'
import { buildAdoptedRing, needsSuccessor, type Adoption } from '../key-ring/adoption.ts'
import { generationParameters, type KeySpecification } from '../key-ring/algorithms.ts'
import { generateKeyMaterial } from '../key-ring/key-material.ts'
import { settleIssuerUrls, type IssuerUrlIntent } from '../key-ring/issuer-urls.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { createKeyRing, nextGeneration, type NewRing } from '../key-ring/transitions.ts'
import { DEFAULT_ROTATION_POLICY } from '../key-ring/rotation-policy.ts'
import type { KeyStore, RingVersion } from '../ports/key-store.ts'
import type { RegistryIdentity } from '../ports/registry.ts'
import type { Clock, Seconds, UnixSeconds } from '../time.ts'
import { openStoredRing, toStoredRing } from './stored-ring.ts'

/** What opening the ring at start needs. */
export interface OpenKeyRingDependencies {
  readonly keyStore: KeyStore
  readonly registry: RegistryIdentity
  readonly clock: Clock
}

/** Who starts, and what it may do. */
export interface OpenKeyRingRequest extends IssuerUrlIntent {
  readonly clusterId: string
  /** How long an issuer URL lives on that the issuer moves from; 26 h unless given. */
  readonly keepRetired?: Seconds
  /** Refuses an empty store instead of generating a first key. */
  readonly requireKeys: boolean
  /** The kind of a first key. */
  readonly specification: KeySpecification
  /** Keys to take over when the store is truly empty, instead of generating one. */
  readonly adoption?: Adoption
}

/** The ring that an issuer starts with. */
export interface OpenedKeyRing {
  readonly ring: KeyRing
  readonly readAt: UnixSeconds
  /** Whether this call made it. */
  readonly created: boolean
  /** Whether the registry is not the one the ring records: sandboxes cannot be told until it is back. */
  readonly registryLost: boolean
}

/**
 * Opens the ring of a cluster, or makes it when the store is truly empty: neither a ring nor anything in the registry.
 * With `adoption` it is made of those keys; whether a ring that is there already knows them is for the caller to see
 * (`findUnknownKeys`). Of several issuers that start at once, one makes the ring and all get it. The issuer URLs of a ring
 * that is there become as `settleIssuerUrls` says, which is saved first.
 *
 * @throws {IssuerError} `ERR_STORE_FOREIGN` for another cluster's ring; `ERR_ISSUER_URL_CHANGED` when the ring belongs to
 * another URL; `ERR_STORE_EMPTY` with `requireKeys`; `ERR_STORE_INCOMPLETE` when the registry holds records and the ring
 * is gone; those of `KeyStore`, `RegistryIdentity`, decoding and proving. A key is generated in none of these cases.
 */
export async function openKeyRing(
  dependencies: OpenKeyRingDependencies,
  request: OpenKeyRingRequest,
): Promise<OpenedKeyRing> {
  const existing = await loadKeyRing(dependencies, request)
  if (existing !== undefined) return existing
  await assertNothingLost(dependencies.registry, request)
  try {
    await saveFirstRing(dependencies, request)
  } catch (error) {
    if (!(error instanceof IssuerError && error.code === 'ERR_STORE_CONFLICT')) throw error
    const theirs = await loadKeyRing(dependencies, request)
    if (theirs === undefined) throw error
    return theirs
  }
  // What the store holds is what counts, so the ring is read back even by the one who made it.
  const own = await loadKeyRing(dependencies, request)
  if (own === undefined) {
    throw new IssuerError(
      'ERR_STORE_UNAVAILABLE',
      'the key store does not give back the key ring it just took',
    )
  }
  return { ...own, created: true }
}

/** How often the issuer URLs are settled anew because somebody else saved first. */
const MAX_ATTEMPTS = 8

async function loadKeyRing(
  dependencies: OpenKeyRingDependencies,
  request: OpenKeyRingRequest,
  attempt = 1,
): Promise<OpenedKeyRing | undefined> {
  const { keyStore, registry, clock } = dependencies
  const { clusterId } = request
  const readAt = clock()
  const stored = await keyStore.load()
  if (stored === undefined) return undefined
  const ring = await openStoredRing(stored)
  if (ring.cluster_id !== clusterId) {
    throw new IssuerError(
      'ERR_STORE_FOREIGN',
      `the key store holds the ring of cluster ${ring.cluster_id}, but this is cluster ${clusterId}: correct the cluster ID or the store`,
      { details: { cluster_id: ring.cluster_id, expected_cluster_id: clusterId } },
    )
  }
  await proveRing(ring)
  const { keepRetired = DEFAULT_ROTATION_POLICY.keepRetired } = request
  const settled = settleIssuerUrls(ring, request, keepRetired, readAt)
  if (settled !== undefined) {
    await saveOver(dependencies, nextGeneration(settled, crypto.randomUUID()), stored)
    if (attempt < MAX_ATTEMPTS) return loadKeyRing(dependencies, request, attempt + 1)
    throw new IssuerError('ERR_STORE_CONFLICT', 'others changed the key ring again and again; start again')
  }
  const registryLost = (await registry.read()) !== ring.registry_id
  return { ring, readAt, created: false, registryLost }
}

/** Saves a changed ring, unless somebody else was first: what they saved is to be looked at then. */
async function saveOver(
  { keyStore }: OpenKeyRingDependencies,
  ring: KeyRing,
  expected: RingVersion,
): Promise<void> {
  try {
    await keyStore.save(toStoredRing(ring), expected)
  } catch (error) {
    if (!isIssuerError(error, 'ERR_STORE_CONFLICT')) throw error
  }
}

async function assertNothingLost(
  registry: RegistryIdentity,
  { requireKeys }: OpenKeyRingRequest,
): Promise<void> {
  if (requireKeys) {
    throw new IssuerError(
      'ERR_STORE_EMPTY',
      'the key store is empty and keys are required: restore it, or allow a first key to be generated',
    )
  }
  if (!(await registry.isEmpty())) {
    throw new IssuerError(
      'ERR_STORE_INCOMPLETE',
      'the store holds registered sandboxes or runners but no key ring: restore the ring from a backup, or empty the store',
    )
  }
}

async function saveFirstRing(
  { keyStore, registry, clock }: OpenKeyRingDependencies,
  request: OpenKeyRingRequest,
): Promise<void> {
  const { clusterId, issuerUrl } = request
  const makeRing = await prepareFirstKey(request)
  // The registry gets its ID first: a crash in between leaves an empty registry, which the next start takes over.
  const registryId = await registry.claim(crypto.randomUUID())
  const ids = { ringId: crypto.randomUUID(), writeId: crypto.randomUUID(), registryId }
  const ring = makeRing({ ...ids, clusterId, issuerUrl }, clock())
  await keyStore.save(toStoredRing(ring), undefined)
}

/** What makes a first ring. Keys that have to be generated are generated here, before anything is written. */
async function prepareFirstKey({
  specification,
  adoption,
}: OpenKeyRingRequest): Promise<(start: Omit<NewRing, 'key' | 'origin'>, now: UnixSeconds) => KeyRing> {
  if (adoption === undefined) {
    const key = await generateKeyMaterial(specification)
    return (start, now) => createKeyRing({ ...start, key }, now)
  }
  if (!needsSuccessor(adoption.keys.primary, generationParameters(specification).alg)) {
    return (start, now) => buildAdoptedRing(start, adoption, now)
  }
  const successor = await generateKeyMaterial(specification)
  return (start, now) => buildAdoptedRing(start, { ...adoption, successor }, now)
}
