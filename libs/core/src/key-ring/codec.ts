import { IssuerError } from '../errors.ts'
import { assertKeyRing, type KeyRing } from './key-ring.ts'
import { proveKey, proveKeyId } from './key-material.ts'
import { ringShapeProblem } from './ring-shape.ts'

const knownMajor = '1'

/**
 * The ring as the JSON text that a key store keeps.
 *
 * @throws {IssuerError} `ERR_KEY_RING_INVALID` when the ring breaks a rule: a broken ring is never saved.
 */
export function encodeKeyRing(ring: KeyRing): string {
  const problem =
    majorOf(ring.schema) === knownMajor ? ringShapeProblem(ring) : 'its schema is not one of 1.x'
  if (problem !== undefined) {
    throw new IssuerError('ERR_KEY_RING_INVALID', `the key ring has a wrong shape: ${problem}`)
  }
  assertKeyRing(ring)
  return `${JSON.stringify(ring, undefined, 1)}\n`
}

/**
 * The ring of a stored text. Members that a newer minor schema has added stay in it.
 *
 * @throws {IssuerError} `ERR_STORE_CORRUPT` when the text is not a key ring; `ERR_STORE_SCHEMA_NEWER` when it is of a
 * newer major schema; `ERR_KEY_RING_INVALID` when it is one and breaks a rule; `ERR_STORE_INCOMPLETE` when the store is
 * the unfinished copy of another one, which is marked by a document with the member `unfinished_copy_of`.
 */
export function decodeKeyRing(document: string): KeyRing {
  const parsed = parseJson(document)
  const schema: unknown =
    typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'schema') : undefined
  const major = majorOf(schema)
  if (isCopyMark(parsed)) throw unfinishedCopy()
  if (major === undefined) throw corrupt('its schema is missing or unreadable')
  if (major !== knownMajor) {
    throw new IssuerError(
      'ERR_STORE_SCHEMA_NEWER',
      `the stored key ring has schema ${String(schema)}; this release reads ${knownMajor}.x: use the release that wrote it`,
      { details: { schema: String(schema) } },
    )
  }
  const problem = ringShapeProblem(parsed)
  if (problem !== undefined) throw corrupt(problem)
  const ring = parsed as KeyRing
  assertKeyRing(ring)
  return ring
}

/**
 * Proves every key of a ring: IDs belong to their public halves, private halves to the public ones.
 *
 * @throws {IssuerError} `ERR_KEY_MISMATCH` or `ERR_KEY_INVALID` naming the key.
 */
export async function proveRing(ring: KeyRing): Promise<void> {
  for (const key of ring.keys) {
    if (key.private === undefined) await proveKeyId(key)
    else await proveKey({ ...key, private: key.private })
  }
}

function isCopyMark(parsed: unknown): boolean {
  return typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, 'unfinished_copy_of')
}

function majorOf(schema: unknown): string | undefined {
  return typeof schema === 'string' ? /^(\d+)\.\d+$/.exec(schema)?.[1] : undefined
}

function parseJson(document: string): unknown {
  try {
    return JSON.parse(document)
  } catch {
    // The cause is left out: a JSON error quotes the text around the mistake, and that text holds private keys.
    throw corrupt('it is not JSON')
  }
}

function corrupt(reason: string): IssuerError {
  return new IssuerError(
    'ERR_STORE_CORRUPT',
    `the stored key ring cannot be read: ${reason}; restore it from a backup`,
  )
}

function unfinishedCopy(): IssuerError {
  return new IssuerError(
    'ERR_STORE_INCOMPLETE',
    'the store is the unfinished copy of another one: run the copy again until it ends, or use the other store',
  )
}
