import { describe, expect, it } from 'vitest'
import {
  after,
  errorOf,
  ISSUER_URL,
  keys,
  ringOf,
  START,
  UUIDS,
  wholeTextOf,
  withCode,
} from '../../test/fixtures.ts'
import { sealKeyStore } from '../sealing/seal-key-store.ts'
import { IssuerError } from '../errors.ts'
import { decodeKeyRing, encodeKeyRing } from '../key-ring/codec.ts'
import { activeKey, type KeyRing } from '../key-ring/key-ring.ts'
import type { KeyEncryption } from '../ports/key-encryption.ts'
import type { KeyStore } from '../ports/key-store.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import {
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  type MemoryRegistryStorage,
} from '../testing/memory-registry.ts'
import { seconds } from '../time.ts'
import { openKeyRing, type OpenKeyRingDependencies, type OpenKeyRingRequest } from './open-key-ring.ts'

const request: OpenKeyRingRequest = {
  ...{ clusterId: 'eu-1', issuerUrl: ISSUER_URL, requireKeys: false, specification: 'ES256' },
}
const sandbox = { sandbox_id: 'sb-1', app: 'web', secrets: [], created_at: START, revision: 1 }

function createStore() {
  const rings: MemoryRingStorage = {}
  const registry: MemoryRegistryStorage = createMemoryRegistryStorage()
  const dependencies = {
    keyStore: createMemoryKeyStore(rings),
    registry: createMemoryRegistryIdentity(registry),
    clock: () => START,
  }
  return { rings, registry, dependencies }
}

function storeWith(ring: KeyRing) {
  const store = createStore()
  const { generation, write_id: writeId } = ring
  store.rings.ring = { generation, write_id: writeId, document: encodeKeyRing(ring) }
  store.registry.registryId = ring.registry_id
  return store
}

/** Seals by turning the text around: enough to see where sealing happens. */
const toyEncryption: KeyEncryption = {
  seal: async (document) => `sealed:${[...document].reverse().join('')}`,
  open: async (sealed) => {
    if (!sealed.startsWith('sealed:')) throw new IssuerError('ERR_STORE_CORRUPT', 'not sealed')
    return [...sealed.slice('sealed:'.length)].reverse().join('')
  },
}

const seal = (dependencies: OpenKeyRingDependencies): OpenKeyRingDependencies => ({
  ...dependencies,
  keyStore: sealKeyStore(dependencies.keyStore, toyEncryption),
})

describe('openKeyRing', () => {
  it('makes a ring when the store is truly empty', async () => {
    const { rings, registry, dependencies } = createStore()
    const opened = await openKeyRing(dependencies, request)
    expect(opened).toMatchObject({ created: true, registryLost: false, readAt: START })
    expect(opened.ring).toMatchObject({
      ...{ schema: '1.0', cluster_id: 'eu-1', generation: 1, registry_id: registry.registryId },
      ...{ issuers: [{ url: ISSUER_URL }], history: [] },
    })
    expect(activeKey(opened.ring)).toMatchObject({ alg: 'ES256', state: 'active', activated_at: START })
    expect(rings.ring?.document).toBe(encodeKeyRing(opened.ring))
  })

  it('makes an RS256 key when told the default', async () => {
    const { dependencies } = createStore()
    const { ring } = await openKeyRing(dependencies, { ...request, specification: 'RS256' })
    expect(activeKey(ring).alg).toBe('RS256')
  })

  it('gives the same ring at the second start and changes nothing', async () => {
    const { rings, dependencies } = createStore()
    const first = await openKeyRing(dependencies, request)
    const stored = rings.ring
    const second = await openKeyRing(dependencies, { ...request, specification: 'EdDSA', requireKeys: true })
    expect(second).toEqual({ ...first, created: false })
    expect(rings.ring).toBe(stored)
  })

  it('gives twenty issuers that start at once the same ring, made by one of them', async () => {
    const { dependencies } = createStore()
    const opened = await Promise.all(Array.from({ length: 20 }, () => openKeyRing(dependencies, request)))
    expect(new Set(opened.map(({ ring }) => activeKey(ring).kid)).size).toBe(1)
    expect(opened.filter(({ created }) => created)).toHaveLength(1)
    expect(opened.some(({ registryLost }) => registryLost)).toBe(false)
  })

  it('takes over a registry that has an ID and no records: a crash came between claim and save', async () => {
    const { registry, dependencies } = createStore()
    const crashing: KeyStore = {
      ...dependencies.keyStore,
      save: async () => {
        throw new Error('the power failed')
      },
    }
    await expect(openKeyRing({ ...dependencies, keyStore: crashing }, request)).rejects.toThrow(
      'the power failed',
    )
    const claimed = registry.registryId
    expect(claimed).toMatch(/^[0-9a-f-]{36}$/)
    const { ring, registryLost } = await openKeyRing(dependencies, request)
    expect([ring.registry_id, registryLost]).toEqual([claimed, false])
  })

  it('refuses an empty store with ERR_STORE_EMPTY when keys are required, and claims nothing', async () => {
    const { rings, registry, dependencies } = createStore()
    await expect(openKeyRing(dependencies, { ...request, requireKeys: true })).rejects.toEqual(
      withCode('ERR_STORE_EMPTY'),
    )
    expect([rings.ring, registry.registryId]).toEqual([undefined, undefined])
  })

  it.each([
    ['of another cluster with ERR_STORE_FOREIGN', { clusterId: 'eu-2' }, 'ERR_STORE_FOREIGN', 'eu-1'],
    ['of a cluster when this one has no ID', { clusterId: 'default' }, 'ERR_STORE_FOREIGN', 'default'],
    [
      'of another URL with ERR_ISSUER_URL_CHANGED',
      { issuerUrl: 'https://new.example.com' },
      'ERR_ISSUER_URL_CHANGED',
      ISSUER_URL,
    ],
  ] as const)('refuses a ring %s and leaves it alone', async (_, changes, code, named) => {
    const { rings, dependencies } = storeWith(ringOf(keys.rs256))
    const stored = rings.ring
    const error = await errorOf(() => openKeyRing(dependencies, { ...request, ...changes }))
    expect(error).toEqual(withCode(code))
    expect(error.message).toContain(named)
    expect(rings.ring).toBe(stored)
  })

  it('prints both URLs when they differ', async () => {
    const { dependencies } = storeWith(ringOf(keys.rs256))
    await expect(
      openKeyRing(dependencies, { ...request, issuerUrl: 'https://new.example.com' }),
    ).rejects.toThrow(/https:\/\/new\.example\.com.*https:\/\/id\.example\.com/)
  })

  it('moves the issuer when told from where, saved before it is used, and only once', async () => {
    const { rings, dependencies } = storeWith(ringOf(keys.rs256))
    const moving = { ...request, issuerUrl: 'https://new.example.com', moveIssuerFrom: ISSUER_URL }
    const { ring, created } = await openKeyRing(dependencies, { ...moving, keepRetired: seconds(1000) })
    expect(ring.issuers).toEqual([
      { url: 'https://new.example.com' },
      { url: ISSUER_URL, until: after(1000) },
    ])
    expect([created, ring.generation, decodeKeyRing(rings.ring?.document ?? '')]).toEqual([false, 2, ring])
    await expect(openKeyRing(dependencies, moving)).resolves.toMatchObject({ ring })
    await expect(openKeyRing(dependencies, request)).rejects.toEqual(withCode('ERR_ISSUER_URL_CHANGED'))
  })

  it('of replicas that move at once one does, and all get the same', async () => {
    const { dependencies } = storeWith(ringOf(keys.rs256))
    const moving = { ...request, issuerUrl: 'https://new.example.com', moveIssuerFrom: ISSUER_URL }
    const opened = await Promise.all([1, 2, 3, 4].map(() => openKeyRing(dependencies, moving)))
    expect(new Set(opened.map(({ ring }) => `${ring.generation} ${ring.write_id}`)).size).toBe(1)
  })

  it('announces a URL, also with a first ring', async () => {
    const announcing = { ...request, announceIssuer: 'https://new.example.com' }
    for (const { dependencies } of [storeWith(ringOf(keys.rs256)), createStore()]) {
      const { ring } = await openKeyRing(dependencies, announcing)
      expect(ring.issuers).toEqual([{ url: ISSUER_URL }, { url: 'https://new.example.com' }])
    }
  })

  it('refuses with ERR_STORE_INCOMPLETE when sandboxes are registered and the ring is gone', async () => {
    const { rings, registry, dependencies } = createStore()
    registry.sandboxes.set('sb-1', sandbox)
    await expect(openKeyRing(dependencies, request)).rejects.toEqual(withCode('ERR_STORE_INCOMPLETE'))
    expect(rings.ring).toBeUndefined()
  })

  it('refuses with ERR_STORE_INCOMPLETE when runners are registered and the ring is gone', async () => {
    const { registry, dependencies } = createStore()
    registry.runners.set('r-1', { runner_id: 'r-1', secrets: [], created_at: START, revision: 1 })
    await expect(openKeyRing(dependencies, request)).rejects.toEqual(withCode('ERR_STORE_INCOMPLETE'))
  })

  it.each([
    ['missing', undefined],
    ['another', '99999999-9999-4999-8999-999999999999'],
  ])('says that the registry is lost when its ID is %s', async (_, registryId) => {
    const { registry, dependencies } = storeWith(ringOf(keys.rs256))
    if (registryId === undefined) delete registry.registryId
    else registry.registryId = registryId
    await expect(openKeyRing(dependencies, request)).resolves.toMatchObject({
      registryLost: true,
      created: false,
    })
    expect(registry.registryId).toBe(registryId)
  })

  it.each(['keys', 'registry'] as const)(
    'generates no key while the store of the %s cannot be asked',
    async (which) => {
      const { rings, registry, dependencies } = createStore()
      if (which === 'keys') rings.unavailable = true
      else registry.unavailable = true
      await expect(openKeyRing(dependencies, request)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
      expect([rings.ring, registry.registryId]).toEqual([undefined, undefined])
    },
  )

  it.each([
    ['that is not JSON', (document: string) => document.slice(0, 500), 'ERR_STORE_CORRUPT'],
    ['that is empty', () => '', 'ERR_STORE_CORRUPT'],
    [
      'of a newer major schema',
      (document: string) => document.replace('"1.0"', '"2.0"'),
      'ERR_STORE_SCHEMA_NEWER',
    ],
    [
      'of another version than the store says',
      (document: string) => document.replace(UUIDS.write, UUIDS.ring),
      'ERR_STORE_CORRUPT',
    ],
    [
      'with a key under another ID',
      (document: string) => document.replace(keys.rs256.kid, keys.eddsa.kid),
      'ERR_KEY_MISMATCH',
    ],
    [
      'with another modulus',
      (document: string) => document.replace(keys.rs256.public['n'] ?? '', keys.rs256Other.public['n'] ?? ''),
      'ERR_KEY_MISMATCH',
    ],
  ] as const)('refuses a document %s, generates no key and shows none', async (_, damage, code) => {
    const { rings, dependencies } = storeWith(ringOf(keys.rs256))
    const damaged = { ...rings.ring!, document: damage(rings.ring?.document ?? '') }
    rings.ring = damaged
    const error = await errorOf(() => openKeyRing(dependencies, request))
    expect(error).toEqual(withCode(code))
    expect(wholeTextOf(error)).not.toContain(keys.rs256.private['d']?.slice(0, 20))
    expect(rings.ring).toBe(damaged)
  })

  it('takes the ring of the one who was first when its own save conflicts', async () => {
    const { rings, registry, dependencies } = createStore()
    registry.registryId = UUIDS.registry
    const theirs = ringOf(keys.rs256)
    const keyStore: KeyStore = {
      load: dependencies.keyStore.load,
      async save(ring, expected) {
        rings.ring = { generation: 1, write_id: theirs.write_id, document: encodeKeyRing(theirs) }
        await dependencies.keyStore.save(ring, expected)
      },
    }
    await expect(openKeyRing({ ...dependencies, keyStore }, request)).resolves.toEqual({
      ...{ ring: theirs, readAt: START, created: false, registryLost: false },
    })
  })

  it('passes on a conflict with nobody, and a store that forgets what it took', async () => {
    const { dependencies } = createStore()
    const conflict = async () => {
      throw new IssuerError('ERR_STORE_CONFLICT', 'someone was first')
    }
    const load = async () => undefined
    await expect(
      openKeyRing({ ...dependencies, keyStore: { load, save: conflict } }, request),
    ).rejects.toEqual(withCode('ERR_STORE_CONFLICT'))
    await expect(
      openKeyRing({ ...dependencies, keyStore: { load, save: async () => undefined } }, request),
    ).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('stores the document sealed, and opens it again', async () => {
    const { rings, dependencies } = createStore()
    const sealed = seal(dependencies)
    const first = await openKeyRing(sealed, request)
    expect(rings.ring?.document).toMatch(/^sealed:/)
    expect(rings.ring?.document).not.toContain('write_id')
    await expect(openKeyRing(sealed, request)).resolves.toEqual({ ...first, created: false })
  })

  it('refuses a plain document where a sealed one is due, and a sealed one where a plain one is due', async () => {
    const plain = storeWith(ringOf(keys.rs256))
    await expect(openKeyRing(seal(plain.dependencies), request)).rejects.toEqual(
      withCode('ERR_STORE_CORRUPT'),
    )
    const sealed = createStore()
    await openKeyRing(seal(sealed.dependencies), request)
    await expect(openKeyRing(sealed.dependencies, request)).rejects.toEqual(withCode('ERR_STORE_CORRUPT'))
  })

  describe('with keys to adopt', () => {
    const adopting = (primary = keys.eddsa, verifyOnly = [keys.rs256Other]): OpenKeyRingRequest => ({
      ...request,
      adoption: { keys: { primary, verifyOnly }, mode: 'default' },
    })
    const statesOf = ({ ring }: { ring: KeyRing }) => ring.keys.map(({ kid, state }) => [kid, state])

    it('makes the ring of an empty store of them, with a fresh key where one is needed', async () => {
      const opened = await openKeyRing(createStore().dependencies, adopting())
      const fresh = activeKey(opened.ring)
      expect([opened.created, fresh.alg, fresh.origin]).toEqual([true, 'ES256', 'generated'])
      expect(statesOf(opened)).toEqual([
        [fresh.kid, 'active'],
        [keys.eddsa.kid, 'retired'],
        [keys.rs256Other.kid, 'retired'],
      ])
    })

    it('generates nothing when the primary key signs on', async () => {
      const opened = await openKeyRing(createStore().dependencies, adopting(keys.rs256, []))
      expect(statesOf(opened)).toEqual([[keys.rs256.kid, 'active']])
    })

    it('leaves a ring that is there as it is', async () => {
      const { dependencies } = storeWith(ringOf(keys.es256))
      const opened = await openKeyRing(dependencies, adopting())
      expect([opened.created, ...statesOf(opened)]).toEqual([false, [keys.es256.kid, 'active']])
    })

    it('refuses an empty store where keys are required: adopting again could bring back revoked ones', async () => {
      await expect(
        openKeyRing(createStore().dependencies, { ...adopting(), requireKeys: true }),
      ).rejects.toThrow(withCode('ERR_STORE_EMPTY'))
    })

    it('gives several replicas that adopt at once the same ring', async () => {
      const { dependencies } = createStore()
      const opened = await Promise.all([1, 2, 3, 4].map(() => openKeyRing(dependencies, adopting())))
      expect(new Set(opened.map(({ ring }) => encodeKeyRing(ring))).size).toBe(1)
      expect(opened.filter(({ created }) => created)).toHaveLength(1)
      expect(statesOf(opened[0]!).slice(1)).toEqual([
        [keys.eddsa.kid, 'retired'],
        [keys.rs256Other.kid, 'retired'],
      ])
    })
  })
})
