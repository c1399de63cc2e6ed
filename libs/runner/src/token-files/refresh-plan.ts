import type { TokenFile } from '@workload-identity/core'
import { retryDelayMs } from '../refresh-times.ts'
import { createPriorityQueue } from './priority-queue.ts'
import { createRefreshLoad } from './refresh-load.ts'

/** A token that a file holds. Moments are milliseconds of the time that the plan is asked in. */
export interface HeldToken {
  readonly issuedMs: number
  readonly expiresMs: number
}

/** A file that is kept filled. */
export interface PlannedFile {
  readonly sandboxId: string
  readonly file: TokenFile
  /** What it holds; absent before its first token. */
  readonly held?: HeldToken
  /** How many tries failed since. */
  readonly failures: number
}

/** How the files are doing. */
export interface PlanCounts {
  readonly files: number
  /** Whose refresh has begun and is not over. */
  readonly refreshing: number
  /** Whose last try failed. */
  readonly failing: number
  /** Whose token has expired, or that have none yet. */
  readonly without: number
}

/**
 * When which file is refreshed. Pure but for `random`: it knows no clock and no files, and is told what became of what it
 * said. A file is its own from {@link RefreshPlan.put} until it is put again or removed; what is told of an earlier one is
 * without effect.
 */
export interface RefreshPlan {
  /**
   * Takes in a file, also in place of what was known of it. With `held` it is refreshed in the window of that token, else,
   * or with `isDue`, at once; what it holds counts until then.
   */
  put(
    sandboxId: string,
    file: TokenFile,
    nowMs: number,
    held?: HeldToken & { readonly isDue?: boolean },
  ): void
  /** Forgets a file. */
  remove(sandboxId: string, name: string): void
  /** What is known of a file. */
  find(sandboxId: string, name: string): PlannedFile | undefined
  /** Whether that is still what is known of the file. */
  isCurrent(planned: PlannedFile): boolean
  /** Begins the refresh of what is due, at most so many files: those without a token first, then the nearest to expire. */
  take(nowMs: number, atMost: number): readonly PlannedFile[]
  /** A refresh that was begun gave that token. */
  succeeded(planned: PlannedFile, held: HeldToken, nowMs: number): void
  /** A refresh that was begun failed; gives in how many milliseconds it is tried again. */
  failed(planned: PlannedFile, nowMs: number): number
  /** When something is due next; in the past when something is due already. */
  nextMs(): number | undefined
  counts(nowMs: number): PlanCounts
  /** How much is remembered, forgotten files included: at most about twice the files. */
  size(): number
}

interface Entry extends PlannedFile {
  held?: HeldToken
  failures: number
  dueMs: number
  isPlaced: boolean
}

/** Makes a {@link RefreshPlan} of no files. */
export function createRefreshPlan(random: () => number): RefreshPlan {
  const entries = new Map<string, Entry>()
  const refreshing = new Set<Entry>()
  const load = createRefreshLoad(random)
  const waiting = createPriorityQueue<Entry>((a, b) => a.dueMs < b.dueMs)
  const due = createPriorityQueue<Entry>((a, b) => expiryOf(a) < expiryOf(b))

  const isCurrent = (planned: PlannedFile) =>
    entries.get(keyOf(planned.sandboxId, planned.file.name)) === planned
  const wait = (entry: Entry, dueMs: number, isPlaced: boolean) => {
    entry.dueMs = dueMs
    entry.isPlaced = isPlaced
    waiting.push(entry)
  }
  const unplace = (entry: Entry) => {
    if (entry.isPlaced) load.release(entry.dueMs)
    entry.isPlaced = false
  }
  const place = (entry: Entry, { issuedMs, expiresMs }: HeldToken, nowMs: number) => {
    const token = { nowMs, issuedMs, lifeMs: expiresMs - issuedMs, files: entries.size }
    wait(entry, load.place(token), true)
  }
  const collectDue = (nowMs: number) => {
    for (let first = waiting.peek(); first !== undefined && first.dueMs <= nowMs; first = waiting.peek()) {
      waiting.pop()
      unplace(first)
      if (isCurrent(first)) due.push(first)
    }
  }
  const dropStale = () => {
    for (let first = due.peek(); first !== undefined && !isCurrent(first); first = due.peek()) due.pop()
  }
  const settle = (planned: PlannedFile): Entry | undefined => {
    const entry = entries.get(keyOf(planned.sandboxId, planned.file.name))
    if (entry !== planned) return undefined
    refreshing.delete(entry)
    return entry
  }
  return {
    put(sandboxId, file, nowMs, held) {
      const key = keyOf(sandboxId, file.name)
      forget(key)
      const entry: Entry = { sandboxId, file, failures: 0, dueMs: nowMs, isPlaced: false }
      entries.set(key, entry)
      if (held !== undefined) entry.held = { issuedMs: held.issuedMs, expiresMs: held.expiresMs }
      if (held === undefined || held.isDue === true) wait(entry, nowMs, false)
      else place(entry, held, nowMs)
    },
    remove: (sandboxId, name) => forget(keyOf(sandboxId, name)),
    find: (sandboxId, name) => entries.get(keyOf(sandboxId, name)),
    isCurrent,
    take(nowMs, atMost) {
      collectDue(nowMs)
      const taken: Entry[] = []
      while (taken.length < atMost) {
        const entry = due.pop()
        if (entry === undefined) break
        if (!isCurrent(entry)) continue
        refreshing.add(entry)
        taken.push(entry)
      }
      dropStale()
      return taken
    },
    succeeded(planned, held, nowMs) {
      const entry = settle(planned)
      if (entry === undefined) return
      entry.held = held
      entry.failures = 0
      place(entry, held, nowMs)
    },
    failed(planned, nowMs) {
      const entry = settle(planned)
      if (entry === undefined) return 0
      entry.failures += 1
      const remainingMs = expiryOf(entry) - nowMs
      const delay = retryDelayMs(entry.failures, remainingMs, random)
      wait(entry, nowMs + delay, false)
      return delay
    },
    nextMs: () => due.peek()?.dueMs ?? waiting.peek()?.dueMs,
    size: () => waiting.size() + due.size() + refreshing.size,
    counts(nowMs) {
      const all = [...entries.values()]
      return {
        files: all.length,
        refreshing: refreshing.size,
        failing: all.filter(({ failures }) => failures > 0).length,
        without: all.filter((entry) => expiryOf(entry) <= nowMs).length,
      }
    },
  }

  function forget(key: string): void {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    refreshing.delete(entry)
    unplace(entry)
    dropStale()
    // What is forgotten stays in the queue until its turn, which may be hours away.
    if (waiting.size() > 2 * entries.size + 100) waiting.keep(isCurrent)
  }
}

/** A file without a token comes before every other. */
function expiryOf({ held }: PlannedFile): number {
  return held?.expiresMs ?? Number.NEGATIVE_INFINITY
}

// No identifier and no name holds a space.
function keyOf(sandboxId: string, name: string): string {
  return `${sandboxId} ${name}`
}
