import { IssuerError, type StoredKeyRing } from '@workload-identity/core'
import { formatCheckedText, parseCheckedText } from '@workload-identity/driver-file'

/** A ring and the number of the file it is in. */
export interface NumberedRing extends StoredKeyRing {
  /** 1 for the first save into a folder, one more for each later one; that is also the generation unless that jumped. */
  readonly number: number
}

const ringFormat = { format: 'workload-identity-key-ring', version: 1 } as const

/** The content of the file of a ring: a line with its version and a checksum, then the document as it is. */
export function formatRing({ number, generation, write_id, document }: NumberedRing): string {
  return formatCheckedText({ ...ringFormat, facts: { number, generation, write_id }, text: document })
}

/**
 * The ring of such a content.
 *
 * @param number that of the name of the file.
 * @throws {IssuerError} `ERR_STORE_CORRUPT` when it is not exactly as it was written, or under another name;
 * `ERR_STORE_SCHEMA_NEWER` when a newer release wrote it.
 */
export function parseRing(content: Buffer, number: number, path: string): NumberedRing {
  const { facts, text } = parseCheckedText(content, ringFormat, path)
  if (facts['number'] !== number) throw misnamed(path, facts['number'])
  return {
    number,
    generation: Number(facts['generation']),
    write_id: String(facts['write_id']),
    document: text,
  }
}

function misnamed(path: string, number: string | number | undefined): IssuerError {
  const reason = `it was written as ring.${String(number)}; give it back that name, or restore the folder from a backup`
  return new IssuerError('ERR_STORE_CORRUPT', `cannot use ${path}: ${reason}`, { details: { path } })
}
