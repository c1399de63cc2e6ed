import { createMemoryKeyStore, type MemoryRingStorage } from '@workload-identity/core/testing'
import { describe, expect, it } from 'vitest'
import { observeStore } from './observe-store.ts'

describe('observeStore', () => {
  it('does what the store does', async () => {
    const storage: MemoryRingStorage = {}
    const store = observeStore(createMemoryKeyStore(storage), () => undefined)
    const ring = { generation: 1, write_id: 'w', document: '{}' }
    await store.save(ring, undefined)
    expect(await store.load()).toEqual(ring)
  })

  it('reports each failure and passes it on', async () => {
    const seen: unknown[] = []
    const store = observeStore(createMemoryKeyStore({ unavailable: true }), (error) => seen.push(error))
    const thrown: unknown = await store.load().catch((error: unknown) => error)
    expect(seen).toEqual([thrown])
    expect(thrown).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })

  it('reports what an operation throws before it gives a promise', () => {
    const seen: unknown[] = []
    const failure = new Error('at once')
    const store = observeStore(
      {
        end(): void {
          throw failure
        },
      },
      (error) => seen.push(error),
    )
    expect(() => store.end()).toThrow(failure)
    expect(seen).toEqual([failure])
  })
})
