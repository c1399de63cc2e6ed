import type { UnixSeconds } from '@workload-identity/core'
import { listAll, type RecordCollection } from './record-kinds.ts'
import { toCanonicalText } from './ring-fingerprint.ts'

/** A record of two registries under one ID: `same` in both, `different`, or in one of them only. */
export interface RecordPair<T> {
  readonly id: string
  readonly state: 'same' | 'different' | 'only-source' | 'only-target'
  readonly source?: T
}

/** Walks two registries side by side in the order of IDs; what it holds is a page of each, however many there are. */
export async function* compareRecords<T>(
  source: RecordCollection<T>,
  target: RecordCollection<T>,
  now: UnixSeconds,
): AsyncGenerator<RecordPair<T>> {
  const [left, right] = [listAll(source, now), listAll(target, now)]
  let [ours, theirs] = [await left.next(), await right.next()]
  while (ours.done !== true || theirs.done !== true) {
    const ourId = ours.done === true ? undefined : source.idOf(ours.value)
    const theirId = theirs.done === true ? undefined : target.idOf(theirs.value)
    if (ours.done !== true && ourId !== undefined && (theirId === undefined || ourId < theirId)) {
      yield { id: ourId, state: 'only-source', source: ours.value }
      ours = await left.next()
    } else if (theirId !== undefined && (ourId === undefined || theirId < ourId)) {
      yield { id: theirId, state: 'only-target' }
      theirs = await right.next()
    } else if (ours.done !== true && theirs.done !== true && ourId !== undefined) {
      const isSame = toCanonicalText(ours.value) === toCanonicalText(theirs.value)
      yield { id: ourId, state: isSame ? 'same' : 'different', source: ours.value }
      ours = await left.next()
      theirs = await right.next()
    }
  }
}

/** How many records two registries have and how many of them differ. */
export interface RecordComparison {
  readonly source: number
  readonly target: number
  /** Records that only one of them has, or that are not the same in both. */
  readonly differing: number
}

/** Counts and compares the records of two registries. */
export async function countRecords<T>(
  source: RecordCollection<T>,
  target: RecordCollection<T>,
  now: UnixSeconds,
): Promise<RecordComparison> {
  const counts = { source: 0, target: 0, differing: 0 }
  for await (const { state } of compareRecords(source, target, now)) {
    if (state !== 'only-target') counts.source += 1
    if (state !== 'only-source') counts.target += 1
    if (state !== 'same') counts.differing += 1
  }
  return counts
}
