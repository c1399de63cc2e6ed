import type { StoredKeyRing } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { KeyStoreHarness } from './key-store-harness.ts'

/** A ring of that generation whose document says so; `write_id` differs from that of any other text. */
export function ringOf(generation: number, writeId = `write-${generation}`): StoredKeyRing {
  return { generation, write_id: writeId, document: `{"generation":${generation},"by":"${writeId}"}` }
}

// A byte order mark, all kinds of line ends, quotes, and characters of two, three and four bytes.
const awkwardText = '\uFEFF{"text":"Zürich \u2028 日本 😀 \\u0000 \' \\" %s $1"}\r\n\t\n'

/** What a key store keeps: exactly the ring that was saved last, and never silence instead of a failure. */
export const keyStoreDocumentCases: readonly ContractCase<KeyStoreHarness>[] = [
  {
    name: 'gives undefined when no ring was ever saved',
    async run({ open }) {
      const store = await open()
      expect(await store.load()).toBeUndefined()
    },
  },
  {
    name: 'gives back the ring that was saved, version and document',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(1), undefined)
      expect(await store.load()).toStrictEqual({
        generation: 1,
        write_id: 'write-1',
        document: '{"generation":1,"by":"write-1"}',
      })
    },
  },
  {
    name: 'gives back only the last of several rings',
    async run({ open }) {
      const store = await open()
      await store.save(ringOf(1), undefined)
      await store.save(ringOf(2), ringOf(1))
      await store.save(ringOf(3), ringOf(2))
      expect(await store.load()).toStrictEqual(ringOf(3))
    },
  },
  {
    name: 'keeps a document with non-ASCII text, a byte order mark and all line ends as it is',
    async run({ open }) {
      const ring = { ...ringOf(1), document: awkwardText }
      await (await open()).save(ring, undefined)
      expect(await (await open()).load()).toStrictEqual(ring)
    },
  },
  {
    name: 'keeps a document that is not JSON as it is',
    async run({ open }) {
      const ring = { ...ringOf(1), document: 'eyJhbGciOiJkaXIifQ..c2VhbGVk.dGV4dA.dGFn' }
      await (await open()).save(ring, undefined)
      expect(await (await open()).load()).toStrictEqual(ring)
    },
  },
  {
    name: 'keeps a document of 1 MiB as it is',
    async run({ open }) {
      const ring = { ...ringOf(1), document: 'ä'.repeat(524_288) }
      await (await open()).save(ring, undefined)
      const loaded = await (await open()).load()
      expect(loaded?.document === ring.document, 'the loaded document equals the saved one').toBe(true)
    },
  },
  {
    name: 'gives a shorter document without rests of a longer one',
    async run({ open }) {
      const store = await open()
      await store.save({ ...ringOf(1), document: 'x'.repeat(100_000) }, undefined)
      await store.save({ ...ringOf(2), document: '{}' }, ringOf(1))
      expect((await store.load())?.document).toBe('{}')
    },
  },
  {
    name: 'shows what one handle saved to every other one, opened before or after',
    async run({ open }) {
      const before = await open()
      const other = await open()
      await before.load()
      await other.save(ringOf(1), undefined)
      expect(await before.load()).toStrictEqual(ringOf(1))
      await other.save(ringOf(2), ringOf(1))
      expect(await before.load()).toStrictEqual(ringOf(2))
      expect(await (await open()).load()).toStrictEqual(ringOf(2))
    },
  },
  {
    name: 'keeps no copy of a replaced document once it was told to erase it',
    async run({ open, readRaw }) {
      const store = await open()
      await store.save({ ...ringOf(1), document: 'PRIVATE-HALF '.repeat(2000) }, undefined)
      expect((await readRaw()).includes('PRIVATE-HALF'), 'the storage shows what it keeps').toBe(true)
      await store.save({ ...ringOf(2), document: '{"kept":"PUBLIC"}' }, ringOf(1))
      expect((await store.eraseReplaced?.()) ?? []).toStrictEqual([])
      const raw = await readRaw()
      expect(raw.includes('PUBLIC'), 'the last document is kept').toBe(true)
      expect(raw.includes('PRIVATE-HALF'), 'the replaced document is gone').toBe(false)
    },
  },
  {
    name: 'rejects load with ERR_STORE_UNAVAILABLE when the storage cannot be read',
    async run({ open, makeUnavailable }) {
      const store = await open()
      await store.save(ringOf(1), undefined)
      await makeUnavailable()
      await expect(store.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
  {
    name: 'rejects load with ERR_STORE_UNAVAILABLE, not undefined, when nothing was saved before the storage was lost',
    async run({ open, makeUnavailable }) {
      const store = await open()
      await makeUnavailable()
      await expect(store.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
  {
    name: 'rejects save with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    async run({ open, makeUnavailable }) {
      const store = await open()
      await store.save(ringOf(1), undefined)
      await makeUnavailable()
      await expect(store.save(ringOf(2), ringOf(1))).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
  {
    name: 'rejects a first save with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    async run({ open, makeUnavailable }) {
      const store = await open()
      await makeUnavailable()
      await expect(store.save(ringOf(1), undefined)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
]
