import { unixSeconds } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { NOW, openClaimed, REGISTRY_ID, runner, sandbox } from './registry-fixtures.ts'

const CALLERS = 50
const HANDLES = 5
// Identity alone is used here, which no registry ID is asked for.
const noId = () => ''

/** How a registry gets its ID, once, and how a new storage is told from one with records. */
export const registryIdentityCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'identity: gives undefined for a registry that never had an ID',
    async run({ open }) {
      const { identity } = await open(noId)
      expect(await identity.read()).toBeUndefined()
    },
  },
  {
    name: 'identity: gives the first candidate as the ID in force, here and through every other handle',
    async run({ open }) {
      const { identity } = await open(noId)
      expect(await identity.claim('registry-1')).toBe('registry-1')
      expect(await identity.read()).toBe('registry-1')
      expect(await (await open(noId)).identity.read()).toBe('registry-1')
    },
  },
  {
    name: 'identity: answers a later claim with the ID in force and keeps it',
    async run({ open }) {
      await (await open(noId)).identity.claim('registry-1')
      const { identity } = await open(noId)
      expect(await identity.claim('registry-2')).toBe('registry-1')
      expect(await identity.read()).toBe('registry-1')
    },
  },
  {
    name: 'identity: gives 50 concurrent callers one answer',
    async run({ open }) {
      const handles = await Promise.all(Array.from({ length: HANDLES }, () => open(noId)))
      const claims = handles.flatMap(({ identity }, handle) =>
        Array.from({ length: CALLERS / HANDLES }, (_, caller) =>
          identity.claim(`candidate-${handle}-${caller}`),
        ),
      )
      const answers = new Set(await Promise.all(claims))
      expect(answers.size).toBe(1)
      expect([...answers]).toStrictEqual([await (await open(noId)).identity.read()])
    },
  },
  {
    name: 'identity: gives undefined after the storage was wiped, and takes a new ID then',
    async run({ open, wipe }) {
      const { identity } = await open(noId)
      await identity.claim('registry-1')
      await wipe()
      expect(await identity.read()).toBeUndefined()
      expect(await identity.claim('registry-2')).toBe('registry-2')
    },
  },
  {
    name: 'identity: rejects read with ERR_STORE_UNAVAILABLE when the storage cannot be read',
    async run({ open, makeUnavailable }) {
      const { identity } = await open(noId)
      await makeUnavailable()
      await expect(identity.read()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
  {
    name: 'identity: rejects claim with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
    async run({ open, makeUnavailable }) {
      const { identity } = await open(noId)
      await makeUnavailable()
      await expect(identity.claim('registry-1')).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
  {
    name: 'identity: calls a storage empty that never had a record, before and after it got its ID',
    async run({ open }) {
      const { identity } = await open(noId)
      expect(await identity.isEmpty()).toBe(true)
      await identity.claim('registry-1')
      expect(await identity.isEmpty()).toBe(true)
    },
  },
  {
    name: 'identity: does not call a storage empty that holds a sandbox, whatever registry is expected',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a'), NOW)
      expect(await (await harness.open(() => REGISTRY_ID)).identity.isEmpty()).toBe(false)
      expect(await (await harness.open(noId)).identity.isEmpty()).toBe(false)
    },
  },
  {
    name: 'identity: does not call a storage empty that holds an expired sandbox, until it is removed',
    async run(harness) {
      const { identity, sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { expires_at: unixSeconds(1) }), unixSeconds(0))
      expect(await identity.isEmpty()).toBe(false)
      await sandboxes.removeExpired(NOW, 10)
      expect(await identity.isEmpty()).toBe(true)
    },
  },
  {
    name: 'identity: does not call a storage empty that holds a runner',
    async run(harness) {
      const { identity, runners } = await openClaimed(harness)
      await runners.register(runner('a'), NOW)
      expect(await identity.isEmpty()).toBe(false)
    },
  },
  {
    name: 'identity: calls a storage empty after it was wiped',
    async run(harness) {
      const { identity, sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a'), NOW)
      await harness.wipe()
      expect(await identity.isEmpty()).toBe(true)
    },
  },
  {
    name: 'identity: rejects isEmpty with ERR_STORE_UNAVAILABLE when the storage cannot be read',
    async run({ open, makeUnavailable }) {
      const { identity } = await open(noId)
      await makeUnavailable()
      await expect(identity.isEmpty()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    },
  },
]
