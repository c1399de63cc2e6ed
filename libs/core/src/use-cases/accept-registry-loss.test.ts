import { describe, expect, it } from 'vitest'
import { keys, ringOf, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { decodeKeyRing, encodeKeyRing } from '../key-ring/codec.ts'
import { activeKey, type KeyRing } from '../key-ring/key-ring.ts'
import { applyStep, nextGeneration } from '../key-ring/transitions.ts'
import type { KeyStore, StoredKeyRing } from '../ports/key-store.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import {
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemorySandboxRegistry,
  type MemoryRegistryStorage,
} from '../testing/memory-registry.ts'
import { seconds } from '../time.ts'
import {
  createAcceptRegistryLoss,
  decideLossAcceptance,
  type AcceptedRegistryLoss,
  type RegistryLoss,
} from './accept-registry-loss.ts'
import { createFollowedKeyRing } from './follow-key-ring.ts'

const ring = ringOf(keys.eddsa)
const lost = UUIDS.registry
const sandbox = { sandbox_id: 's1', app: 'web', secrets: [], created_at: START, revision: 1 }
const storedOf = (stored: KeyRing): StoredKeyRing => ({
  ...{ generation: stored.generation, write_id: stored.write_id, document: encodeKeyRing(stored) },
})

/** Issuers on one key store and one registry, whose ID is `registryId`. */
function startCluster(registryId: string | undefined, decorate = (keyStore: KeyStore) => keyStore) {
  const storage: MemoryRingStorage = { ring: storedOf(ring) }
  const registryStorage: MemoryRegistryStorage = createMemoryRegistryStorage()
  if (registryId !== undefined) registryStorage.registryId = registryId
  const clock = createFixedClock(START)
  const events: AcceptedRegistryLoss[] = []
  const start = () => {
    const keyStore = decorate(createMemoryKeyStore(storage))
    const settings = { clock: clock.now, storeLag: seconds(300), keepRetired: seconds(93_600) }
    const keyRing = createFollowedKeyRing({ keyStore, ...settings }, { ring, readAt: START })
    const accept = createAcceptRegistryLoss({
      keyRing,
      registry: createMemoryRegistryIdentity(registryStorage),
      onAccepted: (accepted) => events.push(accepted),
    })
    const sandboxes = createMemorySandboxRegistry({
      storage: registryStorage,
      registryId: () => keyRing.ring().registry_id,
    })
    return { keyRing, accept, sandboxes }
  }
  const savedRing = () => decodeKeyRing(storage.ring?.document ?? '')
  return { storage, registryStorage, events, start, savedRing, ...start() }
}

describe('decideLossAcceptance', () => {
  it.each<[string, RegistryLoss, string]>([
    ['the recorded registry is there', { recorded: 'a', found: 'a' }, 'not-lost'],
    ['it is there and was named', { recorded: 'a', found: 'a', expected: 'a' }, 'not-lost'],
    ['none is there', { recorded: 'a', found: undefined }, 'claim'],
    [
      'none is there and the recorded one was named',
      { recorded: 'a', found: undefined, expected: 'a' },
      'claim',
    ],
    ['another is there', { recorded: 'a', found: 'b' }, 'adopt'],
    [
      'another is there and the recorded one was named',
      { recorded: 'a', found: 'b', expected: 'a' },
      'adopt',
    ],
    [
      'none is there and another was named',
      { recorded: 'a', found: undefined, expected: 'b' },
      'other-named',
    ],
    ['the one that is there was named', { recorded: 'a', found: 'b', expected: 'b' }, 'other-named'],
    ['nothing is lost and another was named', { recorded: 'a', found: 'a', expected: 'b' }, 'other-named'],
    ['an empty name was given', { recorded: 'a', found: undefined, expected: '' }, 'other-named'],
  ])('when %s', (_, loss, type) => {
    expect(decideLossAcceptance(loss)).toMatchObject({ type })
  })
})

describe('createAcceptRegistryLoss', () => {
  it('gives a registry without an ID a new one, which the saved ring and the ring in use record', async () => {
    const cluster = startCluster(undefined)
    await expect(cluster.sandboxes.list({ limit: 1 }, START)).rejects.toThrow(withCode('ERR_REGISTRY_LOST'))
    const accepted = await cluster.accept(lost)
    expect(accepted).toEqual({
      registry_id: cluster.registryStorage.registryId,
      lost_registry_id: lost,
      is_empty: true,
    })
    expect(accepted.registry_id).not.toBe(lost)
    expect(cluster.savedRing()).toMatchObject({ generation: 2, registry_id: accepted.registry_id })
    expect(cluster.keyRing.ring()).toEqual(cluster.savedRing())
    expect(activeKey(cluster.savedRing())).toEqual(activeKey(ring))
    expect(await cluster.sandboxes.list({ limit: 1 }, START)).toEqual({ items: [], next: null })
    expect(cluster.events).toEqual([accepted])
  })

  it('takes over another registry with what it holds, and says that it is not empty', async () => {
    const cluster = startCluster(UUIDS.write)
    cluster.registryStorage.sandboxes.set('s1', sandbox)
    expect(await cluster.accept()).toEqual({
      registry_id: UUIDS.write,
      lost_registry_id: lost,
      is_empty: false,
    })
    expect(await cluster.sandboxes.findById('s1', START)).toEqual(sandbox)
  })

  it('is refused with ERR_REGISTRY_NOT_LOST while the registry is there, and saves nothing', async () => {
    const cluster = startCluster(lost)
    for (const expected of [undefined, lost, 'another']) {
      await expect(cluster.accept(expected)).rejects.toThrow(withCode('ERR_REGISTRY_NOT_LOST'))
    }
    expect(cluster.savedRing()).toEqual(ring)
    expect(cluster.events).toEqual([])
  })

  it('accepts no other loss than that of the registry that was named', async () => {
    const cluster = startCluster(undefined)
    await cluster.accept(lost)
    delete cluster.registryStorage.registryId
    await expect(cluster.accept(lost)).rejects.toThrow(withCode('ERR_REGISTRY_NOT_LOST'))
    expect(cluster.registryStorage.registryId).toBeUndefined()
    expect(cluster.savedRing().generation).toBe(2)
  })

  it('lets one of several calls succeed, and everybody end up with the same registry', async () => {
    const cluster = startCluster(undefined)
    const replicas = [cluster, cluster.start(), cluster.start(), cluster.start()]
    const outcomes = await Promise.allSettled(replicas.map(({ accept }) => accept(lost)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(withCode('ERR_REGISTRY_NOT_LOST'))
    }
    for (const { keyRing } of replicas) {
      await keyRing.refresh()
      expect(keyRing.ring().registry_id).toBe(cluster.registryStorage.registryId)
    }
    expect(cluster.savedRing().generation).toBe(2)
  })

  it('keeps what somebody else saved in the meantime', async () => {
    let interfere: (() => void) | undefined
    const cluster = startCluster(undefined, (keyStore) => ({
      ...keyStore,
      async save(document, expected) {
        interfere?.()
        interfere = undefined
        await keyStore.save(document, expected)
      },
    }))
    const rotated = applyStep(ring, { type: 'publish-next', key: keys.es256 }, START)
    interfere = () => (cluster.storage.ring = storedOf(nextGeneration(rotated, crypto.randomUUID())))
    const { registry_id } = await cluster.accept(lost)
    expect(cluster.savedRing()).toMatchObject({ generation: 3, registry_id })
    expect(cluster.savedRing().keys).toHaveLength(2)
    expect(cluster.keyRing.ring()).toEqual(cluster.savedRing())
  })

  it('is in use here also when another refresh had read the store before the save', async () => {
    const cluster = startCluster(undefined, (keyStore) => ({
      ...keyStore,
      async save(document, expected) {
        void cluster.keyRing.refresh()
        await keyStore.save(document, expected)
      },
    }))
    const { registry_id } = await cluster.accept()
    expect(cluster.keyRing.ring().registry_id).toBe(registry_id)
  })

  it.each(['the registry', 'the key store'])('fails closed when %s cannot be told', async (which) => {
    const cluster = startCluster(undefined)
    if (which === 'the registry') cluster.registryStorage.unavailable = true
    else cluster.storage.unavailable = true
    await expect(cluster.accept()).rejects.toThrow(withCode('ERR_STORE_UNAVAILABLE'))
    expect(cluster.keyRing.ring().registry_id).toBe(lost)
    expect(cluster.registryStorage.registryId).toBeUndefined()
    expect(cluster.events).toEqual([])
  })

  it('changes nothing here when it is not known whether the ring was saved', async () => {
    const cluster = startCluster(undefined, (keyStore) => ({
      ...keyStore,
      save: () => Promise.reject(new Error('no answer')),
    }))
    await expect(cluster.accept()).rejects.toThrow('no answer')
    expect(cluster.keyRing.ring().registry_id).toBe(lost)
    await expect(cluster.sandboxes.list({ limit: 1 }, START)).rejects.toThrow(withCode('ERR_REGISTRY_LOST'))
  })

  it('never accepts on the ring of another cluster', async () => {
    const cluster = startCluster(undefined)
    cluster.storage.ring = storedOf(ringOf(keys.es256, { cluster_id: 'eu-2', generation: 9 }))
    await expect(cluster.accept()).rejects.toThrow(withCode('ERR_STORE_FOREIGN'))
    expect(cluster.registryStorage.registryId).toBeUndefined()
    expect(cluster.savedRing().cluster_id).toBe('eu-2')
  })
})
