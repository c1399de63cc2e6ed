import {
  fingerprintKeys,
  isIssuerError,
  isTombstone,
  openStoredRing,
  publishedKeys,
  proveRing,
  currentIssuerUrl,
  type KeyRing,
  type Sealing,
  type UnixSeconds,
} from '@workload-identity/core'
import type { ServerFinding } from '@workload-identity/driver-redis'
import { describePermissions } from './describe-permissions.ts'
import { openStores } from './open-stores.ts'
import { listAll, runnersOf, sandboxesOf, type RecordCollection } from './record-kinds.ts'
import { computeRingFingerprint } from './ring-fingerprint.ts'
import { readSealingKeyId } from './sealing-key-id.ts'
import type { OpenStoresOptions, StoreAddress } from './store-location.ts'
import { encryptionOf, registriesOf, type StoreSide } from './store-side.ts'

/** What was looked at in a store. */
export type CheckName =
  'store' | 'permissions' | 'redis' | 'sealing' | 'ring' | 'keys' | 'registry' | 'runners' | 'sandboxes'

/** One thing that was looked at: `ok`, worth a `warning`, a `problem`, or `unknown` when it cannot be told. */
export interface StoreCheck {
  readonly check: CheckName
  readonly status: 'ok' | 'warning' | 'problem' | 'unknown'
  /** One sentence without a full stop; never a key, a secret or a password. */
  readonly detail: string
}

/** What a store holds, as far as it can be read. */
export interface StoreFacts {
  readonly schema?: string
  readonly cluster_id?: string
  readonly issuer?: string
  readonly ring_id?: string
  readonly registry_id?: string
  readonly generation?: number
  /** Of the whole ring: states, dates, history and IDs. */
  readonly fingerprint?: string
  /** Of the keys that are published now, as `GET /v1/issuer` tells it. */
  readonly keys_fingerprint?: string
  readonly keys?: readonly { readonly kid: string; readonly alg: string; readonly state: string }[]
  readonly sealed_with?: string
  readonly runners?: number
  readonly sandboxes?: number
}

/** Everything that was found out about a store. */
export interface StoreReport {
  readonly engine: StoreAddress['engine']
  /** Whether nothing is a problem; warnings and what cannot be told do not count. */
  readonly ok: boolean
  /** Whether everything that the store holds could be opened; what a Redis does not tell about itself does not count. */
  readonly complete: boolean
  readonly checks: readonly StoreCheck[]
  readonly facts: StoreFacts
}

/** Which store to look at. */
export interface CheckStoreRequest {
  readonly open: Omit<OpenStoresOptions, 'readOnly' | 'onFinding'>
  /** Absent = no key is known: of a sealed store only the outside can be looked at. */
  readonly sealing?: Sealing
  readonly now: UnixSeconds
}

/**
 * Looks at a whole store without changing it: how it is kept, its ring and every key, and every record of its registry. It
 * goes as far as it can: whatever cannot be read is a problem in the report and nothing is thrown for it. Opens the store
 * read-only and closes it.
 */
export async function checkStore({ open, sealing, now }: CheckStoreRequest): Promise<StoreReport> {
  const checks: StoreCheck[] = []
  let facts: StoreFacts = {}
  const note = (check: CheckName, status: StoreCheck['status'], detail: string) => {
    checks.push({ check, status, detail })
  }
  const learn = (more: StoreFacts) => {
    facts = { ...facts, ...more }
  }
  const findings: ServerFinding[] = []
  try {
    const stores = await openStores({
      ...open,
      readOnly: true,
      onFinding: (finding) => findings.push(finding),
    })
    try {
      note('store', 'ok', 'it can be opened, and its format is that of this release')
      noteOutside(open.store, findings, note)
      await noteInside({ stores, ...(sealing !== undefined && { sealing }) }, now, note, learn)
    } finally {
      await stores.close()
    }
  } catch (error) {
    note('store', 'problem', explain(error))
  }
  return {
    engine: open.store.engine,
    ok: checks.every(({ status }) => status !== 'problem'),
    complete: checks.every(({ check, status }) => check === 'redis' || status !== 'unknown'),
    ...{ checks, facts },
  }
}

type Note = (check: CheckName, status: StoreCheck['status'], detail: string) => void
type Learn = (facts: StoreFacts) => void

function noteOutside(store: StoreAddress, findings: readonly ServerFinding[], note: Note): void {
  if (store.engine !== 'redis') {
    note('permissions', 'ok', describePermissions(store))
    return
  }
  const severities = { refuse: 'problem', warn: 'warning', unknown: 'unknown' } as const
  for (const { severity, server, reason, cure } of findings) {
    note('redis', severities[severity], `${server}: ${reason}; ${cure}`)
  }
  if (findings.length === 0) note('redis', 'ok', 'the servers keep every change on disk and delete nothing')
}

async function noteInside(side: StoreSide, now: UnixSeconds, note: Note, learn: Learn): Promise<void> {
  const registryId = await attempt(() => side.stores.registryIdentity.read(), note, 'registry')
  const ring = await noteRing(side, note, learn)
  if (ring !== undefined) learn({ keys_fingerprint: await fingerprintKeys(publishedKeys(ring, now)) })
  if (registryId === 'failed') return
  if (registryId !== undefined) learn({ registry_id: registryId })
  if (ring === undefined) return
  if (registryId !== ring.registry_id) {
    const found = registryId === undefined ? 'there is none' : `this one is ${registryId}`
    note('registry', 'problem', `the ring records the registry ${ring.registry_id}, and ${found}: it is lost`)
    return
  }
  note('registry', 'ok', `it is the one that the ring records, ${registryId}`)
  const registries = registriesOf(side, ring)
  await noteRecords(runnersOf(registries.runners), now, note, 'runners', learn)
  await noteRecords(sandboxesOf(registries.sandboxes), now, note, 'sandboxes', learn)
}

async function noteRing(side: StoreSide, note: Note, learn: Learn): Promise<KeyRing | undefined> {
  const stored = await attempt(() => side.stores.keyStore.load(), note, 'ring')
  if (stored === 'failed') return undefined
  if (stored === undefined) {
    const isEmpty = await attempt(() => side.stores.registryIdentity.isEmpty(), note, 'registry')
    if (isEmpty === true) note('ring', 'warning', 'there is none: the store is empty')
    else note('ring', 'problem', 'there is none, though the registry is not empty: restore it from a backup')
    return undefined
  }
  noteSealing(stored.document, note, learn)
  const ring = await attempt(() => openStoredRing(stored, encryptionOf(side)), note, 'ring')
  if (ring === 'failed') return undefined
  learn({
    ...{ schema: ring.schema, cluster_id: ring.cluster_id, issuer: currentIssuerUrl(ring) },
    ...{ ring_id: ring.ring_id, generation: ring.generation, fingerprint: computeRingFingerprint(ring) },
    keys: ring.keys.map(({ kid, alg, state }) => ({ kid, alg, state })),
  })
  note(
    'ring',
    'ok',
    `schema ${ring.schema}, cluster ${ring.cluster_id}, ${currentIssuerUrl(ring)}, generation ${ring.generation}; every rule of a ring holds`,
  )
  const proof = await attempt(() => proveRing(ring), note, 'keys')
  if (proof !== 'failed') note('keys', 'ok', `${describeKeys(ring)}; every key and key ID proved`)
  return ring
}

function noteSealing(document: string, note: Note, learn: Learn): void {
  const kid = readSealingKeyId(document)
  if (kid === undefined) {
    note('sealing', 'warning', 'not sealed: whoever can write the store can add keys and secrets')
    return
  }
  learn({ sealed_with: kid })
  note('sealing', 'ok', `the ring is sealed with the key-encryption key ${kid}`)
}

async function noteRecords<T>(
  records: RecordCollection<T>,
  now: UnixSeconds,
  note: Note,
  name: 'runners' | 'sandboxes',
  learn: Learn,
): Promise<void> {
  const count = await attempt(
    async () => {
      let seen = 0
      for await (const _record of listAll(records, now)) seen += 1
      return seen
    },
    note,
    name,
  )
  if (count === 'failed') return
  learn({ [name]: count })
  note(name, 'ok', `${count}, each of them can be read`)
}

function describeKeys(ring: KeyRing): string {
  const count = (state: string) => ring.keys.filter((key) => key.state === state).length
  const revoked = ring.history.filter(isTombstone).length
  return `${count('active')} active, ${count('next')} next, ${count('retired')} retired, ${revoked} revoked`
}

async function attempt<T>(look: () => Promise<T>, note: Note, check: CheckName): Promise<T | 'failed'> {
  try {
    return await look()
  } catch (error) {
    note(check, isIssuerError(error, 'ERR_SEAL_KEY_UNKNOWN') ? 'unknown' : 'problem', explain(error))
    return 'failed'
  }
}

function explain(error: unknown): string {
  return isIssuerError(error) ? `${error.message} [${error.code}]` : 'it failed in an unexpected way'
}
