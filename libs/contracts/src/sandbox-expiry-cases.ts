import { unixSeconds, type SandboxRegistry, type UnixSeconds } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { BEFORE, hash, LATER, NOW, openClaimed, sandbox, secret } from './registry-fixtures.ts'

/** A sandbox exists until one second before `expires_at`, and from then on nothing tells it from an ended one. */
export const sandboxExpiryCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'sandbox expiry: finds and lists a sandbox one second before its expires_at',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, LATER)
      expect(await sandboxes.findById('a', NOW)).toBeDefined()
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeDefined()
      expect((await sandboxes.list({ limit: 10 }, NOW)).items).toHaveLength(1)
      expect((await sandboxes.list({ limit: 10, runnerId: 'node' }, NOW)).items).toHaveLength(1)
    },
  },
  {
    name: 'sandbox expiry: no longer finds a sandbox by ID at its expires_at',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      expect(await sandboxes.findById('a', NOW)).toBeUndefined()
      expect(await sandboxes.findById('a', LATER)).toBeUndefined()
    },
  },
  {
    name: 'sandbox expiry: no longer finds a sandbox by secret at its expires_at',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await sandboxes.findBySecretHash(hash(1), LATER)).toBeUndefined()
    },
  },
  {
    name: 'sandbox expiry: no longer lists a sandbox at its expires_at',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      expect(await sandboxes.list({ limit: 10 }, NOW)).toStrictEqual({ items: [], next: null })
      expect(await sandboxes.list({ limit: 10, runnerId: 'node' }, NOW)).toStrictEqual({
        items: [],
        next: null,
      })
    },
  },
  {
    name: 'sandbox expiry: answers false to an end at expires_at, true one second before',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      expect(await sandboxes.end('a', NOW)).toBe(false)
      await sandboxes.register(sandbox('b', { expires_at: LATER }), NOW)
      expect(await sandboxes.end('b', NOW)).toBe(true)
    },
  },
  {
    name: 'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      const tooLate = sandboxes.replace(sandbox('a', { revision: 2 }), NOW)
      await expect(tooLate).rejects.toThrowWithCode('ERR_SANDBOX_NOT_FOUND')
      await sandboxes.register(sandbox('b', { expires_at: LATER }), NOW)
      await sandboxes.replace(sandbox('b', { revision: 2 }), NOW)
      expect(await sandboxes.findById('b', LATER)).toStrictEqual(sandbox('b', { revision: 2 }))
    },
  },
  {
    name: 'sandbox expiry: goes by the expires_at of the replacement',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, LATER)
      await sandboxes.replace(sandbox('a', { expires_at: NOW, revision: 2 }), BEFORE)
      expect(await sandboxes.findById('a', NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      const tooEarly = sandboxes.register(sandbox('a', { app: 'second' }), BEFORE)
      await expect(tooEarly).rejects.toThrowWithCode('ERR_SANDBOX_EXISTS')
      await sandboxes.register(sandbox('a', { app: 'second' }), NOW)
      expect(await sandboxes.findById('a', NOW)).toStrictEqual(sandbox('a', { app: 'second' }))
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      const tooEarly = sandboxes.register(sandbox('b', { secrets: [secret(1)] }), BEFORE)
      await expect(tooEarly).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      await sandboxes.register(sandbox('b', { secrets: [secret(1)] }), NOW)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('b')
      expect(await sandboxes.findById('a', NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandbox expiry: frees the secret of an expired sandbox for a replacement',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      await sandboxes.register(sandbox('b'), NOW)
      await sandboxes.replace(sandbox('b', { secrets: [secret(1)], revision: 2 }), NOW)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('b')
    },
  },
  {
    name: 'sandbox expiry: removes at most as many expired records as told and gives their number',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      for (const id of ['a', 'b', 'c']) await sandboxes.register(sandbox(id, { expires_at: NOW }), BEFORE)
      await sandboxes.register(sandbox('d', { expires_at: LATER }), BEFORE)
      await sandboxes.register(sandbox('e'), BEFORE)
      expect(await sandboxes.removeExpired(BEFORE, 10)).toBe(0)
      expect(await sandboxes.removeExpired(NOW, 2)).toBe(2)
      expect(await sandboxes.removeExpired(NOW, 2)).toBe(1)
      expect(await sandboxes.removeExpired(NOW, 2)).toBe(0)
    },
  },
  {
    name: 'sandbox expiry: keeps live sandboxes, their secrets and their expiry when expired ones are removed',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerUntil(sandboxes, NOW)
      const live = sandbox('b', { expires_at: LATER, secrets: [secret(2)] })
      const lasting = sandbox('c', { secrets: [secret(3)] })
      await sandboxes.register(live, BEFORE)
      await sandboxes.register(lasting, BEFORE)
      await sandboxes.removeExpired(NOW, 10)
      expect((await sandboxes.list({ limit: 10 }, NOW)).items).toStrictEqual([live, lasting])
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toStrictEqual(live)
      expect(await sandboxes.findBySecretHash(hash(3), unixSeconds(9_999_999_999))).toStrictEqual(lasting)
    },
  },
]

async function registerUntil(sandboxes: SandboxRegistry, expires_at: UnixSeconds): Promise<void> {
  await sandboxes.register(sandbox('a', { expires_at, runner_id: 'node', secrets: [secret(1)] }), BEFORE)
}
