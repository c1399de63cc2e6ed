import type { UnixSeconds } from '@workload-identity/core'
import { compareRecords, countRecords, type RecordComparison } from './compare-records.ts'
import type { RecordCollection } from './record-kinds.ts'

const BATCH = 500

/**
 * Makes the records of `target` those of `source`: what is only in the target is ended, what differs is replaced, what is
 * missing is added, and what is there already is left alone, so that it goes on where an earlier attempt ended. Then
 * compares both and gives the counts. Memory is bounded.
 *
 * @param onProgress told now and then how many records have been added.
 * @throws {IssuerError} those of both registries; the first error of a record that cannot be added.
 */
export async function copyRecords<T>(
  source: RecordCollection<T>,
  target: RecordCollection<T>,
  now: UnixSeconds,
  onProgress: (added: number) => void,
): Promise<RecordComparison> {
  // First, since a secret of what is ended may belong to another record by now. A fresh target has nothing to end.
  const isFresh = (await target.list({ limit: 1 }, now)).items.length === 0
  for await (const { id, state } of isFresh ? [] : compareRecords(source, target, now)) {
    if (state === 'only-target' || state === 'different') await target.end(id, now)
  }
  let added = 0
  const add = async (records: readonly T[]) => {
    await target.addAll(records, now)
    added += records.length
    onProgress(added)
  }
  let batch: T[] = []
  for await (const { state, source: record } of compareRecords(source, target, now)) {
    if (state !== 'only-source' || record === undefined) continue
    batch.push(record)
    if (batch.length < BATCH) continue
    await add(batch)
    batch = []
  }
  if (batch.length > 0) await add(batch)
  return countRecords(source, target, now)
}
