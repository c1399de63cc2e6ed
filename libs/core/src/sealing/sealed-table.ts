import { encodeBase64Url } from '../base64url.ts'
import { IssuerError } from '../errors.ts'
import type { SecretHash } from '../ports/registry.ts'
import type { UnixSeconds } from '../time.ts'
import type { OpenedRecord, RecordPlace, RecordSeal, SealedRecord } from './record-seal.ts'
import { sealBroken } from './seal-errors.ts'
import type { SeenRecord, SeenRecords } from './seen-records.ts'

/** What all records of a registry have. */
export interface SealableRecord {
  readonly secrets: readonly SecretHash[]
  readonly created_at: UnixSeconds
  readonly revision: number
  readonly expires_at?: UnixSeconds
}

/** The operations on records that are the same for all kinds of them. */
export interface RecordOperations<T> {
  register(record: T, now: UnixSeconds): Promise<void>
  replace(record: T, now: UnixSeconds): Promise<void>
  findById(id: string, now: UnixSeconds): Promise<T | undefined>
  findBySecretHash(sha256: string, now: UnixSeconds): Promise<T | undefined>
  end(id: string, now: UnixSeconds): Promise<boolean>
}

/** What a table of sealed records is made of. */
export interface SealedTableOptions<T> {
  readonly store: RecordOperations<T>
  readonly seal: RecordSeal
  readonly seen: SeenRecords
  readonly kind: RecordPlace['kind']
  place(): RecordPlace
  idOf(record: T): string
}

/** Sealed records: the operations, and what it takes to build further ones with the same guarantees. */
export interface SealedTable<T> extends RecordOperations<T> {
  /** A new record with its seal, and what to call once it is stored. */
  sealNew(record: T): Promise<{ readonly sealed: T; readonly stored: () => void }>
  /** A record that the store found, proved and no older than what was seen; `undefined` when it is gone by now. */
  prove(stored: T, now: UnixSeconds): Promise<T | undefined>
  /** Seals what is stored as it would be sealed today, without changing it otherwise; `false` when it was. */
  reseal(stored: T, now: UnixSeconds): Promise<boolean>
  isCurrent(stored: T): boolean
}

/** How often a record that changes all the time is looked at again. */
const MAX_LOOKS = 5

/** Puts a seal on every record on its way into `store`, and proves it on its way out. */
export function createSealedTable<T extends SealableRecord>(options: SealedTableOptions<T>): SealedTable<T> {
  const { store, seal, seen, kind, place, idOf } = options

  /** Proves the seal, and that the store found what it was asked for. */
  const open = async (stored: T, asked: Asked): Promise<OpenedRecord<T>> => {
    const id = idOf(stored)
    const opened = await seal.open(stored, place(), id)
    if (opened.seal !== undefined) assertAnswers(opened.record, id, asked, kind)
    return opened
  }

  /** A proved record, compared with what was seen of it. Only a look that began afterwards says that it is older. */
  const settle = async (first: OpenedRecord<T>, now: UnixSeconds): Promise<OpenedRecord<T> | undefined> => {
    let found = first
    let isSecondLook = false
    const id = idOf(first.record)
    for (let look = 1; look <= MAX_LOOKS; look += 1) {
      if (found.seal === undefined) return found
      const state = stateOf(found.record, found.seal.registration)
      const sighting = seen.judge(id, state)
      if (sighting === 'as-expected' || (sighting === 'other-registration' && isSecondLook)) {
        const before = seen.find(id)
        if (sighting === 'other-registration' && before !== undefined) seen.end(id, before)
        seen.note(id, state)
        return found
      }
      if (isSecondLook) throw putBack(kind, id, sighting)
      const before = seen.find(id)
      const again = await store.findById(id, now)
      if (again === undefined) return undefined
      found = await open(again, { id, now })
      // What was seen meanwhile may be later than this look, too.
      isSecondLook = seen.find(id) === before
    }
    throw new IssuerError('ERR_STORE_UNAVAILABLE', `${kind} ${id} changes all the time; try again`, {
      details: { id },
    })
  }

  const prove = async (stored: T, asked: Asked): Promise<T | undefined> =>
    (await settle(await open(stored, asked), asked.now))?.record

  /** The registration of the record that is stored, which must be the one that the caller has read. */
  const findRegistration = async (id: string, now: UnixSeconds): Promise<string> => {
    if (!seal.hasKeys) return ''
    const known = seen.find(id)
    const stored = await store.findById(id, now)
    const opened = stored && (await open(stored, { id, now }))
    const registration = opened?.seal?.registration ?? createRegistration()
    if (opened?.seal !== undefined && known !== undefined && known.registration !== registration) {
      const text = `${kind} ${id} was ended and registered again since it was read; read it again`
      throw new IssuerError('ERR_REVISION_CONFLICT', text, { details: { id } })
    }
    return registration
  }

  /** What is about to end, so that it is known when it comes back. Whatever it is, it can be ended. */
  const seeLatest = async (id: string, now: UnixSeconds): Promise<void> => {
    if (!seal.hasKeys) return
    try {
      const stored = await store.findById(id, now)
      if (stored !== undefined) await prove(stored, { id, now })
    } catch {
      // The end itself tells when the store cannot be asked.
    }
  }

  /** Remembers a record that was stored, unless it was stored without a seal. */
  const noteStored = (sealed: SealedRecord<T>): void => {
    if (sealed.seal === undefined) return
    seen.note(idOf(sealed), stateOf(sealed, sealed.seal.registration))
  }

  const replaceSealed = async (record: T, registration: string, now: UnixSeconds): Promise<void> => {
    const sealed = await seal.seal(record, place(), registration)
    await store.replace(sealed, now)
    noteStored(sealed)
  }

  const sealNew: SealedTable<T>['sealNew'] = async (record) => {
    const sealed = await seal.seal(record, place(), createRegistration())
    return { sealed, stored: () => noteStored(sealed) }
  }

  return {
    sealNew,
    prove: (stored, now) => prove(stored, { now }),
    isCurrent: (stored) => seal.isCurrent(stored),
    async register(record, now) {
      const { sealed, stored } = await sealNew(record)
      await store.register(sealed, now)
      stored()
    },
    async replace(record, now) {
      const registration = await findRegistration(idOf(record), now)
      await replaceSealed(record, registration, now)
    },
    async findById(id, now) {
      const stored = await store.findById(id, now)
      return stored && prove(stored, { id, now })
    },
    async findBySecretHash(sha256, now) {
      const stored = await store.findBySecretHash(sha256, now)
      const record = stored && (await prove(stored, { sha256, now }))
      // The secret may have been renewed between two looks.
      return record !== undefined && hasSecret(record, sha256, now) ? record : undefined
    },
    async end(id, now) {
      await seeLatest(id, now)
      const latest = seen.find(id)
      const wasLive = await store.end(id, now)
      // Another registration may have been seen since.
      if (latest !== undefined) seen.end(id, latest)
      return wasLive
    },
    async reseal(stored, now) {
      if (seal.isCurrent(stored)) return false
      const opened = await settle(await open(stored, { now }), now)
      if (opened === undefined) return false
      const { record } = opened
      const registration = opened.seal?.registration ?? createRegistration()
      await replaceSealed({ ...record, revision: record.revision + 1 }, registration, now)
      return true
    },
  }
}

/** What the store was asked for, when it found a record. */
interface Asked {
  readonly id?: string
  readonly sha256?: string
  readonly now: UnixSeconds
}

/** The store searches by its own indexes, which whoever can write it can change. What counts is in the sealed record. */
function assertAnswers(record: SealableRecord, id: string, asked: Asked, kind: string): void {
  const answers =
    (asked.id === undefined || asked.id === id) &&
    (asked.sha256 === undefined || hasSecret(record, asked.sha256, asked.now)) &&
    (record.expires_at === undefined || asked.now < record.expires_at)
  if (answers) return
  throw sealBroken(
    `the store gives ${kind} ${id} for a question to which its record is no answer: an index was altered`,
    `end that ${kind} and register it again, and find out who did`,
    id,
  )
}

function hasSecret({ secrets }: SealableRecord, sha256: string, now: UnixSeconds): boolean {
  return secrets.some((secret) => secret.sha256 === sha256 && now < (secret.valid_until ?? Infinity))
}

function stateOf({ created_at, revision }: SealableRecord, registration: string): SeenRecord {
  return { registration, created_at, revision }
}

function putBack(kind: string, id: string, sighting: 'older' | 'ended' | 'other-registration'): IssuerError {
  const what = sighting === 'older' ? 'is older than what this issuer has seen' : 'was ended'
  return sealBroken(
    `the record of ${kind} ${id} ${what}: it was put back`,
    `end that ${kind} and register it again; after a restore from a backup, restart the issuers instead`,
    id,
  )
}

function createRegistration(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(16)))
}
