import { createHash } from 'node:crypto'
import { IssuerError } from '@workload-identity/core'

/** What a file holds: facts for the store and a text, both covered by a checksum. */
export interface CheckedText {
  /** What kind of file it is, such as `key-ring`. */
  readonly format: string
  /** Of the format. */
  readonly version: number
  readonly facts: Readonly<Record<string, string | number>>
  readonly text: string
}

/** What a reader expects a file to be. */
export type TextFormat = Pick<CheckedText, 'format' | 'version'>

const LINE_END = 0x0a

/**
 * The content of a file that cannot change unnoticed: a line of JSON with the facts and a SHA-256 over them and the text, then the text as it
 * is and a line end. People read it with `head -n 1` and `tail -n +2`; `jq .` shows both when the text is JSON.
 *
 * @throws {RangeError} when the text has no UTF-8 form (a lone surrogate).
 */
export function formatCheckedText({ format, version, facts, text }: CheckedText): string {
  if (!text.isWellFormed()) throw new RangeError('a text with a lone surrogate cannot be stored')
  const header = { format, version, ...facts }
  const body = `${text}\n`
  return `${JSON.stringify({ ...header, sha256: checksum(header, Buffer.from(body)) })}\n${body}`
}

/**
 * The facts and the text of such a content.
 *
 * @param path of the file, for the error.
 * @throws {IssuerError} `ERR_STORE_CORRUPT` when a single bit of it is not as it was written; `ERR_STORE_SCHEMA_NEWER` when a newer
 * release wrote it.
 */
export function parseCheckedText(content: Buffer, expected: TextFormat, path: string): CheckedText {
  const end = content.indexOf(LINE_END)
  const { sha256, ...header } = parseHeader(content.subarray(0, Math.max(0, end)))
  const body = content.subarray(end + 1)
  const { format, version, ...facts } = header
  // The line must also be written as this release writes it, so that nothing in it is free to change.
  const line = JSON.stringify({ ...header, sha256 })
  const isWhole = sha256 === checksum(header, body) && Buffer.from(line).equals(content.subarray(0, end))
  const text = isWhole ? decode(body) : undefined
  if (text === undefined || format !== expected.format || typeof version !== 'number')
    throw corrupt(path, expected)
  if (version > expected.version) throw newer(path, version, expected)
  return { format, version, facts, text }
}

type Header = Readonly<Record<string, string | number>>

function checksum(header: Header, body: Buffer): string {
  return createHash('sha256')
    .update(`${JSON.stringify(header)}\n`)
    .update(body)
    .digest('hex')
}

function parseHeader(line: Buffer): Header {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Header) : {}
  } catch {
    return {}
  }
}

function decode(body: Buffer): string | undefined {
  if (body.at(-1) !== LINE_END) return undefined
  try {
    // A byte order mark belongs to the text.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body.subarray(0, -1))
  } catch {
    return undefined
  }
}

function corrupt(path: string, { format }: TextFormat): IssuerError {
  const reason = `it is damaged, cut off or was edited: it is not a ${format} file as it was written; restore it from a backup`
  return new IssuerError('ERR_STORE_CORRUPT', `cannot use ${path}: ${reason}`, { details: { path } })
}

function newer(path: string, version: number, { format, version: known }: TextFormat): IssuerError {
  const reason = `a newer release wrote it (${format} version ${version}, this one knows ${known})`
  return new IssuerError(
    'ERR_STORE_SCHEMA_NEWER',
    `cannot use ${path}: ${reason}; run that release, or restore a backup from before`,
    { details: { path, version, known } },
  )
}
