import { IssuerError, type KeyStore } from '@workload-identity/core'
import { createMemoryKeyStore, type MemoryRingStorage } from '@workload-identity/core/testing'
import { conflict, faulty, type BrokenKeyStore } from './broken-key-store.testing.ts'

/** Faults of what is kept and of what is said when it cannot be, each with the cases that are there for it. */
export const documentFaults: readonly BrokenKeyStore[] = [
  {
    fault: 'answers a ring of its own for none',
    plant: faulty((sound) => ({
      load: async () => (await sound.load()) ?? { generation: 0, write_id: '', document: '' },
    })),
    found: ['gives undefined when no ring was ever saved'],
  },
  {
    fault: 'gives the write_id in upper case',
    plant: faulty((sound) => ({
      load: async () => {
        const ring = await sound.load()
        return ring && { ...ring, write_id: ring.write_id.toUpperCase() }
      },
    })),
    found: [
      'gives back the ring that was saved, version and document',
      'gives back only the last of several rings',
      'keeps a document with non-ASCII text, a byte order mark and all line ends as it is',
      'keeps a document that is not JSON as it is',
      'shows what one handle saved to every other one, opened before or after',
      'changes nothing when a save is in conflict',
      'still takes the save that expects the stored ring after others were in conflict',
      'lets one of 50 concurrent first savers win',
      'lets one of 50 concurrent savers with the same expected ring win',
    ],
  },
  {
    fault: 'keeps the first document for good',
    plant: faulty((sound, storage) => ({
      save: (ring, expected) =>
        sound.save({ ...ring, document: storage.ring?.document ?? ring.document }, expected),
    })),
    found: [
      'gives back only the last of several rings',
      'gives a shorter document without rests of a longer one',
      'shows what one handle saved to every other one, opened before or after',
      'keeps no copy of a replaced document once it was told to erase it',
      'still takes the save that expects the stored ring after others were in conflict',
      'lets one of 50 concurrent savers with the same expected ring win',
    ],
  },
  {
    fault: 'load answers absence for failure',
    plant: faulty((sound) => ({ load: () => sound.load().catch(() => undefined) })),
    found: [
      'rejects load with ERR_STORE_UNAVAILABLE when the storage cannot be read',
      'rejects load with ERR_STORE_UNAVAILABLE, not undefined, when nothing was saved before the storage was lost',
    ],
  },
  {
    fault: 'save swallows failure',
    plant: faulty((sound, storage) => ({
      save: async (ring, expected) => {
        if (storage.unavailable !== true) await sound.save(ring, expected)
      },
    })),
    found: [
      'rejects save with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
      'rejects a first save with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    ],
  },
  {
    fault: 'save calls every failure a conflict',
    plant: faulty((sound) => ({
      save: (ring, expected) => sound.save(ring, expected).catch(() => Promise.reject(conflict())),
    })),
    found: [
      'rejects save with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
      'rejects a first save with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    ],
  },
  {
    fault: 'answers from what its own handle read or wrote before',
    plant: (storage) => {
      const sound = createMemoryKeyStore(storage)
      let cached: ReturnType<KeyStore['load']> | undefined
      return {
        load: () => (cached ??= sound.load()),
        save: async (ring, expected) => {
          await sound.save(ring, expected)
          cached = undefined
        },
      }
    },
    found: ['shows what one handle saved to every other one, opened before or after'],
  },
  {
    fault: 'keeps the ring in the handle',
    plant: (storage) => {
      const own: MemoryRingStorage = {}
      const store = createMemoryKeyStore(own)
      const assertReachable = async () => {
        if (storage.unavailable === true) throw new IssuerError('ERR_STORE_UNAVAILABLE', 'unavailable')
      }
      return {
        load: async () => {
          await assertReachable()
          return store.load()
        },
        save: async (ring, expected) => {
          await assertReachable()
          await store.save(ring, expected)
        },
      }
    },
    found: [
      'keeps a document with non-ASCII text, a byte order mark and all line ends as it is',
      'keeps a document that is not JSON as it is',
      'keeps a document of 1 MiB as it is',
      'shows what one handle saved to every other one, opened before or after',
      'keeps no copy of a replaced document once it was told to erase it',
      'changes nothing when a save is in conflict',
      'takes a ring whose generation is far ahead of the stored one',
      'lets one of 50 concurrent first savers win',
      'lets one of 50 concurrent savers with the same expected ring win',
    ],
  },
  {
    fault: 'reads as Latin-1 what was written as UTF-8',
    plant: altering((document) => Buffer.from(document, 'utf8').toString('latin1')),
    found: [
      'keeps a document with non-ASCII text, a byte order mark and all line ends as it is',
      'keeps a document of 1 MiB as it is',
    ],
  },
  {
    fault: 'drops a byte order mark',
    plant: altering((document) => document.replace(/^\uFEFF/, '')),
    found: ['keeps a document with non-ASCII text, a byte order mark and all line ends as it is'],
  },
  {
    fault: 'tidies the JSON',
    plant: altering((document) => JSON.stringify(JSON.parse(document.replace(/^\uFEFF/, '')))),
    found: [
      'keeps a document with non-ASCII text, a byte order mark and all line ends as it is',
      'keeps a document that is not JSON as it is',
      'keeps a document of 1 MiB as it is',
      'gives a shorter document without rests of a longer one',
      'keeps no copy of a replaced document once it was told to erase it',
    ],
  },
  {
    fault: 'cuts a document at 64 KiB',
    plant: altering((document) => document.slice(0, 65_536)),
    found: ['keeps a document of 1 MiB as it is'],
  },
  {
    fault: 'writes over a longer document without cutting it',
    plant: faulty((sound, storage) => ({
      save: (ring, expected) => {
        const rest = storage.ring?.document.slice(ring.document.length) ?? ''
        return sound.save({ ...ring, document: ring.document + rest }, expected)
      },
    })),
    found: [
      'gives a shorter document without rests of a longer one',
      'keeps no copy of a replaced document once it was told to erase it',
    ],
  },
]

function altering(alter: (document: string) => string): BrokenKeyStore['plant'] {
  return faulty((sound) => ({
    save: async (ring, expected) => sound.save({ ...ring, document: alter(ring.document) }, expected),
  }))
}
