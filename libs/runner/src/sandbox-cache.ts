import { LRUCache } from 'lru-cache'
import type { StartTimer } from './start-timer.ts'

/** What a kept value is worth: as good as a new one, better than none, or nothing. */
export type KeptWorth = 'fresh' | 'usable' | 'nothing'

/** What {@link createSandboxCache} needs. */
export interface SandboxCacheOptions<Value extends object> {
  readonly maxEntries: number
  /** The most values of one sandbox, so that none can push out what others need. */
  readonly maxPerSandbox: number
  /** About how many bytes a value takes; all together are kept below `maxEntries` × 2 KiB. */
  readonly sizeOf: (value: Value) => number
  /** Judges a value `ageMs` after it was asked for. */
  readonly judge: (value: Value, ageMs: number) => KeptWorth
  /** How long whoever could have a usable value waits for a new one. */
  readonly patienceMs: number
  /** Milliseconds that never go back. */
  readonly nowMs: () => number
  readonly startTimer: StartTimer
  /** Whether a failure says that the answer is not known, so that a usable value may stand in for it. */
  readonly isOutage: (error: unknown) => boolean
}

/** What is looked for: something about a sandbox in its present era. */
export interface CacheQuestion {
  readonly sandboxId: string
  readonly era: number
  /** What tells questions about the same sandbox apart. */
  readonly variant: string
}

/** A value, and where it came from. */
export interface CachedAnswer<Value> {
  readonly value: Value
  readonly from: 'cache' | 'upstream' | 'outage'
}

/** What the issuer said about sandboxes, kept for as long as it holds. */
export interface SandboxCache<Value extends object> {
  /**
   * The kept value while it is fresh, else a new one by `load`. Who asks the same while that is under way shares it. A
   * failure is not kept; a usable value stands in for one that is not known, or not in time.
   *
   * @throws what `load` throws.
   */
  read(question: CacheQuestion, load: () => Promise<Value>): Promise<CachedAnswer<Value>>
  /** Forgets a sandbox; what is under way for it is not kept either. */
  drop(sandboxId: string): void
  /** How many different questions about a sandbox are under way. */
  underWay(sandboxId: string): number
  /** Makes all that is kept at most usable: something changed that any of it may depend on. */
  age(): void
  size(): number
}

interface Kept<Value> {
  readonly value: Value
  readonly askedAtMs: number
  readonly generation: number
  readonly slot: Slot<Value>
}

/** All about one sandbox. A dropped one is replaced, so that what is under way for it finds no place. */
interface Slot<Value> {
  readonly sandboxId: string
  /** The keys of what is kept, in the order of the questions, as a Set remembers it. */
  readonly keys: Set<string>
  readonly loading: Map<string, Promise<Value>>
}

/** The bytes that an entry may take on average. */
const BYTES_PER_ENTRY = 2048
/** What an entry takes besides its texts. */
const ENTRY_OVERHEAD = 300

/** Makes a {@link SandboxCache}, bounded by number and bytes: what was not used for longest goes first. */
export function createSandboxCache<Value extends object>(
  options: SandboxCacheOptions<Value>,
): SandboxCache<Value> {
  const { maxEntries, maxPerSandbox, sizeOf, judge, patienceMs, nowMs, startTimer, isOutage } = options
  const slots = new Map<string, Slot<Value>>()
  let generation = 0

  const removeIfEmpty = (slot: Slot<Value>) => {
    const isEmpty = slot.keys.size === 0 && slot.loading.size === 0
    if (isEmpty && slots.get(slot.sandboxId) === slot) slots.delete(slot.sandboxId)
  }
  const kept = new LRUCache<string, Kept<Value>>({
    max: maxEntries,
    maxSize: maxEntries * BYTES_PER_ENTRY,
    sizeCalculation: ({ value }, key) => ENTRY_OVERHEAD + key.length + sizeOf(value),
    dispose({ slot }, key, reason) {
      if (reason === 'set') return
      slot.keys.delete(key)
      removeIfEmpty(slot)
    },
  })

  const worthOf = ({ value, askedAtMs, generation: from }: Kept<Value>): KeptWorth => {
    const worth = judge(value, nowMs() - askedAtMs)
    return worth === 'fresh' && from !== generation ? 'usable' : worth
  }
  const keep = (key: string, entry: Kept<Value>) => {
    const { slot } = entry
    if (slots.get(slot.sandboxId) !== slot || worthOf(entry) === 'nothing') return
    kept.set(key, entry)
    if (!kept.has(key)) return
    slot.keys.delete(key)
    slot.keys.add(key)
    const [oldest] = slot.keys
    if (slot.keys.size > maxPerSandbox && oldest !== undefined) kept.delete(oldest)
  }

  const load = async (key: string, slot: Slot<Value>, ask: () => Promise<Value>): Promise<Value> => {
    const [askedAtMs, askedIn] = [nowMs(), generation]
    try {
      const value = await ask()
      keep(key, { value, askedAtMs, generation: askedIn, slot })
      return value
    } finally {
      slot.loading.delete(key)
      removeIfEmpty(slot)
    }
  }
  const loadShared = (key: string, sandboxId: string, ask: () => Promise<Value>): Promise<Value> => {
    const slot: Slot<Value> = slots.get(sandboxId) ?? { sandboxId, keys: new Set(), loading: new Map() }
    slots.set(sandboxId, slot)
    const shared = slot.loading.get(key)
    if (shared !== undefined) return shared
    const started = load(key, slot, ask)
    slot.loading.set(key, started)
    return started
  }

  return {
    async read({ sandboxId, era, variant }, ask) {
      // No ID holds a space, so no two questions share a key.
      const key = `${sandboxId} ${era} ${variant}`
      const known = kept.get(key)
      const worth = known === undefined ? 'nothing' : worthOf(known)
      if (known !== undefined && worth === 'fresh') return { value: known.value, from: 'cache' }
      const loaded = loadShared(key, sandboxId, ask)
      if (known === undefined || worth === 'nothing') return { value: await loaded, from: 'upstream' }
      const standIn: CachedAnswer<Value> = { value: known.value, from: 'outage' }
      const answer = loaded.then(
        (value): CachedAnswer<Value> => ({ value, from: 'upstream' }),
        (error: unknown) => {
          if (isOutage(error) && worthOf(known) !== 'nothing') return standIn
          throw error
        },
      )
      return within(patienceMs, startTimer, answer, standIn)
    },
    drop(sandboxId) {
      const slot = slots.get(sandboxId)
      slots.delete(sandboxId)
      for (const key of [...(slot?.keys ?? [])]) kept.delete(key)
    },
    underWay: (sandboxId) => slots.get(sandboxId)?.loading.size ?? 0,
    age() {
      generation += 1
    },
    size: () => kept.size,
  }
}

/** The answer, or the other one when it takes longer. */
async function within<Answer>(
  patienceMs: number,
  startTimer: StartTimer,
  answer: Promise<Answer>,
  otherwise: Answer,
): Promise<Answer> {
  const tired = Promise.withResolvers<Answer>()
  const cancel = startTimer(() => tired.resolve(otherwise), patienceMs)
  try {
    return await Promise.race([answer, tired.promise])
  } finally {
    cancel()
  }
}
