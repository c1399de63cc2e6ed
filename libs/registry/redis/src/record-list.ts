import type { PageQuery, RegistryPage } from '@workload-identity/core'
import { SHARD_COUNT, shards } from './registry-keys.ts'

/** One item of a shard's list; `undefined` instead of a record that is not to be listed. */
export interface ListEntry<T> {
  readonly id: string
  readonly record: T | undefined
}

/** At most `count` items of a shard whose ID sorts after `after`, ordered by ID; fewer only when there are no more. */
export type FetchEntries<T> = (
  shard: number,
  after: string,
  count: number,
) => Promise<readonly ListEntry<T>[]>

interface ShardCursor<T> {
  readonly shard: number
  after: string
  entries: ListEntry<T>[]
  isExhausted: boolean
}

/**
 * A page of the list that all shards have together, merged by ID. Each shard is asked for what a page is likely to need of
 * it, and again only when that runs out.
 */
export async function mergePage<T>(
  { limit, after = '' }: PageQuery,
  fetch: FetchEntries<T>,
): Promise<RegistryPage<T>> {
  const cursors = shards.map((shard): ShardCursor<T> => ({ shard, after, entries: [], isExhausted: false }))
  const count = Math.ceil((1.5 * (limit + 1)) / SHARD_COUNT) + 2
  const found: { readonly id: string; readonly record: T }[] = []
  // One more than asked for tells whether another page follows.
  while (found.length <= limit) {
    await refill(cursors, fetch, count)
    const next = takeFirst(cursors)
    if (next === undefined) break
    if (next.record !== undefined) found.push({ id: next.id, record: next.record })
  }
  const page = found.slice(0, limit)
  return {
    items: page.map(({ record }) => record),
    next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
  }
}

async function refill<T>(
  cursors: readonly ShardCursor<T>[],
  fetch: FetchEntries<T>,
  count: number,
): Promise<void> {
  const empty = cursors.filter(({ entries, isExhausted }) => entries.length === 0 && !isExhausted)
  if (empty.length === 0) return
  await Promise.all(
    empty.map(async (cursor) => {
      cursor.entries = [...(await fetch(cursor.shard, cursor.after, count))]
      cursor.isExhausted = cursor.entries.length < count
      cursor.after = cursor.entries.at(-1)?.id ?? cursor.after
    }),
  )
}

function takeFirst<T>(cursors: readonly ShardCursor<T>[]): ListEntry<T> | undefined {
  let first: ShardCursor<T> | undefined
  for (const cursor of cursors) {
    const id = cursor.entries[0]?.id
    const best = first?.entries[0]?.id
    if (id !== undefined && (best === undefined || id < best)) first = cursor
  }
  return first?.entries.shift()
}
