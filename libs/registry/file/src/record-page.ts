import type { PageQuery, RegistryPage } from '@workload-identity/core'
import type { RecordFiles } from './record-files.ts'
import type { RecordKind, RegistryRecord } from './record-kinds.ts'

/** The page of `query` out of the records that match. Reads all of them, and holds no more than some pages at a time. */
export async function collectPage<T extends RegistryRecord>(
  files: RecordFiles<T>,
  kind: RecordKind<T>,
  { limit, after = '' }: PageQuery,
  matches: (record: T) => boolean,
): Promise<RegistryPage<T>> {
  // One more than asked for tells whether another page follows.
  const wanted = limit + 1
  let first: Entry<T>[] = []
  for await (const { path } of files.scan()) {
    const record = files.readAt(path)
    const id = record === undefined ? undefined : kind.idOf(record)
    if (record === undefined || id === undefined || id <= after || !matches(record)) continue
    first.push({ id, record })
    if (first.length >= 4 * wanted) first = sort(first).slice(0, wanted)
  }
  const items = sort(first).slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map(({ record }) => record),
    next: last !== undefined && first.length > limit ? last.id : null,
  }
}

interface Entry<T> {
  readonly id: string
  readonly record: T
}

function sort<T>(entries: Entry<T>[]): Entry<T>[] {
  return entries.sort((left, right) => (left.id < right.id ? -1 : 1))
}
