import { createMemoryKeyStore } from '@workload-identity/core/testing'
import { conflict, faulty, type BrokenKeyStore } from './broken-key-store.testing.ts'

/** Faults of compare-and-swap and of watching, each with the cases that are there for it. */
export const saveFaults: readonly BrokenKeyStore[] = [
  {
    fault: 'keeps the replaced document for a while',
    plant: faulty((sound, storage) => ({
      save: async (ring, expected) => {
        const replaced = storage.ring
        await sound.save(ring, expected)
        Object.assign(storage, { replaced })
      },
    })),
    found: ['keeps no copy of a replaced document once it was told to erase it'],
  },
  {
    fault: 'no compare-and-swap',
    plant: faulty((sound, storage) => ({ save: (ring) => sound.save(ring, storage.ring) })),
    found: [
      'rejects a save whose expected generation is not the stored one with ERR_STORE_CONFLICT',
      'rejects a save whose expected write_id is not the stored one with ERR_STORE_CONFLICT',
      'rejects a save that expects no ring with ERR_STORE_CONFLICT when one is stored',
      'rejects a save that expects a ring with ERR_STORE_CONFLICT when none is stored',
      'changes nothing when a save is in conflict',
      'lets one of 50 concurrent first savers win',
      'lets one of 50 concurrent savers with the same expected ring win',
    ],
  },
  {
    fault: 'compares write_id only',
    plant: faulty((sound, storage) => ({
      save: async (ring, expected) => {
        if (storage.ring?.write_id !== expected?.write_id) throw conflict()
        await sound.save(ring, storage.ring)
      },
    })),
    found: ['rejects a save whose expected generation is not the stored one with ERR_STORE_CONFLICT'],
  },
  {
    fault: 'compares generation only',
    plant: faulty((sound, storage) => ({
      save: async (ring, expected) => {
        if (storage.ring?.generation !== expected?.generation) throw conflict()
        await sound.save(ring, storage.ring)
      },
    })),
    found: [
      'rejects a save whose expected write_id is not the stored one with ERR_STORE_CONFLICT',
      'changes nothing when a save is in conflict',
    ],
  },
  {
    fault: 'compares write_id without regard to case',
    plant: faulty((sound, storage) => ({
      save: (ring, expected) => {
        const sameText = storage.ring?.write_id.toLowerCase() === expected?.write_id.toLowerCase()
        const same = sameText && storage.ring?.generation === expected?.generation
        return sound.save(ring, same ? storage.ring : expected)
      },
    })),
    found: ['rejects a save whose expected write_id is not the stored one with ERR_STORE_CONFLICT'],
  },
  {
    fault: 'a first save overwrites',
    plant: faulty((sound, storage) => ({
      save: (ring, expected) => sound.save(ring, expected ?? storage.ring),
    })),
    found: [
      'rejects a save that expects no ring with ERR_STORE_CONFLICT when one is stored',
      'changes nothing when a save is in conflict',
      'lets one of 50 concurrent first savers win',
    ],
  },
  {
    fault: 'any save into an empty store succeeds',
    plant: faulty((sound, storage) => ({
      save: (ring, expected) => sound.save(ring, storage.ring === undefined ? undefined : expected),
    })),
    found: ['rejects a save that expects a ring with ERR_STORE_CONFLICT when none is stored'],
  },
  {
    fault: 'compares, lets others in, then writes',
    plant: faulty((sound, storage) => ({
      save: async (ring, expected) => {
        const { generation, write_id } = storage.ring ?? {}
        if (generation !== expected?.generation || write_id !== expected?.write_id) throw conflict()
        await Promise.resolve()
        await sound.save(ring, storage.ring)
      },
    })),
    found: [
      'lets one of 50 concurrent first savers win',
      'lets one of 50 concurrent savers with the same expected ring win',
    ],
  },
  {
    fault: 'writes the document before it finds the conflict',
    plant: faulty((sound, storage) => ({
      save: async (ring, expected) => {
        if (storage.ring !== undefined) storage.ring = { ...storage.ring, document: ring.document }
        await sound.save(ring, expected)
      },
    })),
    found: [
      'changes nothing when a save is in conflict',
      'lets one of 50 concurrent first savers win',
      'lets one of 50 concurrent savers with the same expected ring win',
    ],
  },
  {
    fault: 'takes the next generation only',
    plant: faulty((sound) => ({
      save: async (ring, expected) => {
        if (expected !== undefined && ring.generation !== expected.generation + 1) throw conflict()
        await sound.save(ring, expected)
      },
    })),
    found: ['takes a ring whose generation is far ahead of the stored one'],
  },
  {
    fault: 'takes no save after a conflict',
    plant: (storage) => {
      const sound = createMemoryKeyStore(storage)
      let broken = false
      return {
        load: () => sound.load(),
        save: async (ring, expected) => {
          if (broken) throw conflict()
          await sound.save(ring, expected).catch((error: unknown) => {
            broken = true
            throw error
          })
        },
      }
    },
    found: ['still takes the save that expects the stored ring after others were in conflict'],
  },
  {
    fault: 'never notifies',
    plant: faulty(() => ({ watch: () => () => undefined })),
    found: [
      'tells a watcher, if the store can notify, that another handle saved',
      'tells a watcher, if the store can notify, nothing after its watch was ended',
    ],
  },
  {
    fault: 'a watch cannot be ended',
    plant: faulty((sound) => ({
      watch: (onChange) => {
        sound.watch?.(onChange)
        return () => undefined
      },
    })),
    found: ['tells a watcher, if the store can notify, nothing after its watch was ended'],
  },
]
