import { isIssuerError, type KeyStore, type RingVersion, type StoredKeyRing } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { KeyStoreHarness } from './key-store-harness.ts'
import { ringOf } from './key-store-document-cases.ts'

const SAVERS = 50
const HANDLES = 5
// A watch is a hint that may take a moment to be set up, so the watched change is repeated: 50 × 100 ms at most.
const WATCH_ATTEMPTS = 50
const WATCH_PAUSE_MS = 100

/** What a key store promises when several write: compare-and-swap on generation and `write_id`, and one winner. */
export const keyStoreConcurrencyCases: readonly ContractCase<KeyStoreHarness>[] = [
  {
    name: 'rejects a save whose expected generation is not the stored one with ERR_STORE_CONFLICT',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(2, 'same'), undefined)
      await expectConflict(store, ringOf(3), { generation: 1, write_id: 'same' })
      await expectConflict(store, ringOf(4), { generation: 3, write_id: 'same' })
    },
  },
  {
    name: 'rejects a save whose expected write_id is not the stored one with ERR_STORE_CONFLICT',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(1, 'mine'), undefined)
      await expectConflict(store, ringOf(2), { generation: 1, write_id: 'theirs' })
      await expectConflict(store, ringOf(2), { generation: 1, write_id: 'MINE' })
    },
  },
  {
    name: 'rejects a save that expects no ring with ERR_STORE_CONFLICT when one is stored',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(1), undefined)
      await expectConflict(store, ringOf(1, 'another'), undefined)
      await expectConflict(store, ringOf(2), undefined)
    },
  },
  {
    name: 'rejects a save that expects a ring with ERR_STORE_CONFLICT when none is stored',
    async run({ open }) {
      const store = await open()
      await expectConflict(store, ringOf(2), ringOf(1))
    },
  },
  {
    name: 'changes nothing when a save is in conflict',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(5), undefined)
      await store.save(ringOf(6, 'late'), ringOf(4)).catch(() => undefined)
      await store.save(ringOf(6, 'late'), { generation: 5, write_id: 'write-4' }).catch(() => undefined)
      await store.save(ringOf(6, 'late'), undefined).catch(() => undefined)
      expect(await store.load()).toStrictEqual(ringOf(5))
      expect(await (await open()).load()).toStrictEqual(ringOf(5))
    },
  },
  {
    name: 'still takes the save that expects the stored ring after others were in conflict',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(1), undefined)
      await store.save(ringOf(2, 'late'), ringOf(0)).catch(() => undefined)
      await store.save(ringOf(2), ringOf(1))
      expect(await store.load()).toStrictEqual(ringOf(2))
    },
  },
  {
    name: 'takes a ring whose generation is far ahead of the stored one',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(7), undefined)
      await store.save(ringOf(1_000_000), ringOf(7))
      await store.save(ringOf(Number.MAX_SAFE_INTEGER), ringOf(1_000_000))
      expect((await (await open()).load())?.generation).toBe(9_007_199_254_740_991)
    },
  },
  {
    name: 'lets one of 50 concurrent first savers win',
    async run({ open }) {
      await expectOneWinner(open, undefined)
    },
  },
  {
    name: 'lets one of 50 concurrent savers with the same expected ring win',
    async run({ open }) {
      await (await open()).save(ringOf(1), undefined)
      await expectOneWinner(open, ringOf(1))
    },
  },
  {
    name: 'tells a watcher, if the store can notify, that another handle saved',
    async run({ open }) {
      const watching = await open()
      if (watching.watch === undefined) return
      const noticed = new Notice()
      const stop = watching.watch(noticed.give)
      await saveUntil(noticed, await open())
      stop()
    },
  },
  {
    name: 'tells a watcher, if the store can notify, nothing after its watch was ended',
    async run({ open }) {
      const watching = await open()
      if (watching.watch === undefined) return
      let toldAfterEnd = 0
      const stopEnded = watching.watch(() => (toldAfterEnd += 1))
      stopEnded()
      const noticed = new Notice()
      const stop = watching.watch(noticed.give)
      await saveUntil(noticed, await open())
      stop()
      expect(toldAfterEnd).toBe(0)
    },
  },
]

async function expectConflict(store: KeyStore, ring: StoredKeyRing, expected: RingVersion | undefined) {
  await expect(store.save(ring, expected)).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
}

async function expectOneWinner(open: KeyStoreHarness['open'], expected: RingVersion | undefined) {
  const stores = await Promise.all(Array.from({ length: HANDLES }, open))
  const generation = (expected?.generation ?? 0) + 1
  const rings = Array.from({ length: SAVERS }, (_, saver) => ringOf(generation, `saver-${saver}`))
  const outcomes = await Promise.allSettled(
    rings.map((ring, saver) => storeOf(stores, saver).save(ring, expected)),
  )
  const winners = rings.filter((_, saver) => outcomes[saver]?.status === 'fulfilled')
  const otherFailures = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .filter((outcome) => !isIssuerError(outcome.reason, 'ERR_STORE_CONFLICT'))
  expect(otherFailures, 'losers are told ERR_STORE_CONFLICT').toStrictEqual([])
  expect(winners, 'savers that were told they won').toHaveLength(1)
  expect(await (await open()).load(), 'the stored ring is the winner’s').toStrictEqual(winners[0])
}

function storeOf(stores: readonly KeyStore[], saver: number): KeyStore {
  const store = stores[saver % stores.length]
  if (store === undefined) throw new RangeError('the harness opened no store')
  return store
}

/** Something to be waited for that happens at most once. */
class Notice {
  given = false
  #wake: () => void = () => undefined

  readonly give = (): void => {
    this.given = true
    this.#wake()
  }

  /** Resolves when it was given or after `limitMs`. */
  async within(limitMs: number): Promise<void> {
    if (this.given) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

async function saveUntil(noticed: Notice, saving: KeyStore): Promise<void> {
  let expected: RingVersion | undefined
  for (let attempt = 1; attempt <= WATCH_ATTEMPTS && !noticed.given; attempt += 1) {
    await saving.save(ringOf(attempt), expected)
    expected = ringOf(attempt)
    await noticed.within(WATCH_PAUSE_MS)
  }
  expect(noticed.given, `told of one of ${WATCH_ATTEMPTS} saves`).toBe(true)
}
