import { decodeBase64, encodeBase64Url } from '../base64url.ts'
import { canonicalJson } from './canonical-json.ts'
import { isKeyEncryptionKeyId } from './key-encryption-key.ts'
import { createProvedTexts } from './proved-texts.ts'
import { sealBroken, sealKeyUnknown, sealMissing } from './seal-errors.ts'
import { sealingKey, type Sealing } from './sealing-mode.ts'

/** Where a record belongs: it is worth nothing anywhere else. */
export interface RecordPlace {
  readonly kind: 'sandbox' | 'runner'
  readonly clusterId: string
  readonly registryId: string
}

/** The seal of a record, stored as its member `seal`. */
export interface StoredSeal {
  /** ID of the key-encryption key. */
  readonly kid: string
  /** Random per registration: tells a record from the one of the same ID that was ended before. */
  readonly registration: string
  /** HMAC-SHA-256 over the rest of the record, its place, and the two members above; base64url. */
  readonly mac: string
}

/** A record as it is stored. */
export type SealedRecord<T> = T & { readonly seal?: StoredSeal }

/** A record that was proved, without its seal; `seal` is absent when it had none. */
export interface OpenedRecord<T> {
  readonly record: T
  readonly seal?: StoredSeal
}

/** Proves that registry records are as somebody wrote them who has the key-encryption key. */
export interface RecordSeal {
  /** Whether there are keys: without any, no record that can be read has a seal. */
  readonly hasKeys: boolean
  /** The record to store: with a seal of the first key, or without one when nothing is to be sealed. */
  seal<T extends object>(record: T, place: RecordPlace, registration: string): Promise<SealedRecord<T>>
  /**
   * The record of a stored one.
   *
   * @param id names it in errors.
   * @throws {IssuerError} `ERR_SEAL_KEY_UNKNOWN`, `ERR_SEAL_BROKEN`, `ERR_SEAL_MISSING` as {@link Sealing} says.
   */
  open<T extends object>(stored: SealedRecord<T>, place: RecordPlace, id: string): Promise<OpenedRecord<T>>
  /** Whether a stored record is as `seal` would leave it today. */
  isCurrent(stored: SealedRecord<object>): boolean
}

const label = 'workload-identity record 1\n'
const encoder = new TextEncoder()

/** How much of what was proved is remembered: about 10,000 records, 8 MB. */
const PROVED_CHARACTERS = 4_000_000

/** Makes the {@link RecordSeal} of a store. */
export function createRecordSeal(sealing: Sealing): RecordSeal {
  const first = sealingKey(sealing)
  const proved = createProvedTexts(PROVED_CHARACTERS)
  return {
    hasKeys: sealing.keys.length > 0,

    async seal(record, place, registration) {
      if (first === undefined) return record
      const text = formatForMac(record, place, first.id, registration)
      const mac = await crypto.subtle.sign('HMAC', first.authentication, encoder.encode(text))
      return { ...record, seal: { kid: first.id, registration, mac: encodeBase64Url(new Uint8Array(mac)) } }
    },

    async open(stored, place, id) {
      const { seal: found, ...rest } = stored
      const record = rest as unknown as typeof stored
      const what = `the record of ${place.kind} ${id}`
      if (found === undefined) {
        if (sealing.mode !== 'strict' || sealing.keys.length === 0) return { record }
        throw sealMissing(
          what,
          `end that ${place.kind} and register it again, or, when the registry was never sealed and you trust what is there, start with --sealing adopt`,
          id,
        )
      }
      const wayOut = `end that ${place.kind} and register it again, and find out who did`
      const seal = parseSeal(found)
      if (seal === undefined) throw sealBroken(`${what} has a damaged seal`, wayOut, id)
      const key = sealing.keys.find((candidate) => candidate.id === seal.kid)
      if (key === undefined) throw sealKeyUnknown(what, seal.kid, sealing, id)
      const text = formatForMac(record, place, seal.kid, seal.registration)
      if (!proved.has(seal.mac, text)) {
        const mac = decodeBase64(seal.mac) ?? new Uint8Array()
        if (!(await crypto.subtle.verify('HMAC', key.authentication, mac, encoder.encode(text)))) {
          throw sealBroken(`${what} was altered, or is of another registry`, wayOut, id)
        }
        proved.add(seal.mac, text)
      }
      return { record, seal }
    },

    isCurrent: ({ seal }) => seal?.kid === first?.id,
  }
}

function formatForMac(
  record: object,
  { kind, clusterId, registryId }: RecordPlace,
  kid: string,
  registration: string,
): string {
  return label + canonicalJson([kind, clusterId, registryId, kid, registration, record])
}

/** The store may hold anything in place of a seal. */
function parseSeal(value: unknown): StoredSeal | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kid, registration, mac } = value as Partial<Record<keyof StoredSeal, unknown>>
  const isSeal = isKeyEncryptionKeyId(kid) && typeof registration === 'string' && typeof mac === 'string'
  return isSeal ? { kid, registration, mac } : undefined
}
