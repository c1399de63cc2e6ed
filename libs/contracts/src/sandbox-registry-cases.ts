import { isIssuerError, unixSeconds, type SandboxRecord } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { awkwardIds, hash, NOW, openClaimed, REGISTRY_ID, sandbox, secret } from './registry-fixtures.ts'

const CALLERS = 50

const fullRecord: SandboxRecord = {
  sandbox_id: 'sandbox-1',
  app: 'shop/checkout',
  runner_id: 'node-1.example',
  allowed_audiences: ['https://b.example', 'sts.amazonaws.com', '"\\\'; --'],
  max_ttl: 900,
  subject: 'app',
  secrets: [secret(2), { sha256: hash(1), valid_until: unixSeconds(1_767_225_900) }],
  created_at: unixSeconds(1_767_225_000),
  expires_at: unixSeconds(1_767_312_000),
  revision: 1,
}

/** Registering, finding, replacing and ending sandboxes, apart from secrets, expiry and lists. */
export const sandboxRegistryCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'sandboxes: gives undefined for an ID that was never registered',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      expect(await sandboxes.findById('sandbox-1', NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandboxes: gives back a record with every field as it was registered',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(fullRecord, NOW)
      expect(await sandboxes.findById('sandbox-1', NOW)).toStrictEqual(fullRecord)
    },
  },
  {
    name: 'sandboxes: keeps absent fields absent',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('sandbox-1', { secrets: [secret(1)] }), NOW)
      expect(await sandboxes.findById('sandbox-1', NOW)).toStrictEqual({
        sandbox_id: 'sandbox-1',
        app: '',
        secrets: [{ sha256: hash(1) }],
        created_at: 1_767_000_000,
        revision: 1,
      })
    },
  },
  {
    name: 'sandboxes: shows a registration to handles opened before and after',
    async run(harness) {
      const before = await openClaimed(harness)
      const { sandboxes } = await harness.open(() => REGISTRY_ID)
      await sandboxes.register(fullRecord, NOW)
      const after = await harness.open(() => REGISTRY_ID)
      expect(await before.sandboxes.findById('sandbox-1', NOW)).toStrictEqual(fullRecord)
      expect(await after.sandboxes.findById('sandbox-1', NOW)).toStrictEqual(fullRecord)
    },
  },
  {
    name: 'sandboxes: tells IDs apart that differ by case or one character, whatever characters they have',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      for (const id of awkwardIds) await sandboxes.register(sandbox(id, { app: id }), NOW)
      for (const id of awkwardIds) {
        expect((await sandboxes.findById(id, NOW))?.app).toBe(id)
        expect(await sandboxes.end(id, NOW)).toBe(true)
        expect(await sandboxes.findById(id, NOW)).toBeUndefined()
      }
    },
  },
  {
    name: 'sandboxes: rejects a registration of a live ID with ERR_SANDBOX_EXISTS and keeps the first',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('sandbox-1', { app: 'first', secrets: [secret(1)] }), NOW)
      const second = sandboxes.register(sandbox('sandbox-1', { app: 'second', secrets: [secret(2)] }), NOW)
      await expect(second).rejects.toThrowWithCode('ERR_SANDBOX_EXISTS')
      expect((await sandboxes.findById('sandbox-1', NOW))?.app).toBe('first')
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandboxes: lets one of 50 concurrent registrations of an ID win',
    async run(harness) {
      const one = await openClaimed(harness)
      const other = await harness.open(() => REGISTRY_ID)
      const outcomes = await Promise.allSettled(
        Array.from({ length: CALLERS }, (_, caller) =>
          (caller % 2 === 0 ? one : other).sandboxes.register(sandbox('one', { app: `app-${caller}` }), NOW),
        ),
      )
      expectOneFulfilled(outcomes, 'ERR_SANDBOX_EXISTS')
      const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled')
      expect((await one.sandboxes.findById('one', NOW))?.app).toBe(`app-${winner}`)
    },
  },
  {
    name: 'sandboxes: replaces a record as a whole when its revision follows the stored one',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(fullRecord, NOW)
      const bare = sandbox('sandbox-1', { app: 'shop/returns', revision: 2 })
      await sandboxes.replace(bare, NOW)
      expect(await sandboxes.findById('sandbox-1', NOW)).toStrictEqual(bare)
      const full = { ...fullRecord, revision: 3 }
      await sandboxes.replace(full, NOW)
      expect(await sandboxes.findById('sandbox-1', NOW)).toStrictEqual(full)
    },
  },
  {
    name: 'sandboxes: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const stored = sandbox('sandbox-1', { revision: 5, secrets: [secret(1)] })
      await sandboxes.register(stored, NOW)
      for (const revision of [1, 4, 5, 7]) {
        const late = sandbox('sandbox-1', { app: 'late', revision, secrets: [secret(2)] })
        await expect(sandboxes.replace(late, NOW)).rejects.toThrowWithCode('ERR_REVISION_CONFLICT')
      }
      expect(await sandboxes.findById('sandbox-1', NOW)).toStrictEqual(stored)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toStrictEqual(stored)
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandboxes: lets one of 50 concurrent replacements of a revision win',
    async run(harness) {
      const one = await openClaimed(harness)
      const other = await harness.open(() => REGISTRY_ID)
      await one.sandboxes.register(sandbox('one'), NOW)
      const outcomes = await Promise.allSettled(
        Array.from({ length: CALLERS }, (_, caller) => {
          const { sandboxes } = caller % 2 === 0 ? one : other
          return sandboxes.replace(sandbox('one', { app: `app-${caller}`, revision: 2 }), NOW)
        }),
      )
      expectOneFulfilled(outcomes, 'ERR_REVISION_CONFLICT')
      const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled')
      expect((await one.sandboxes.findById('one', NOW))?.app).toBe(`app-${winner}`)
    },
  },
  {
    name: 'sandboxes: rejects a replacement of an ID that was never registered with ERR_SANDBOX_NOT_FOUND',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const replacement = sandboxes.replace(sandbox('sandbox-1', { revision: 2 }), NOW)
      await expect(replacement).rejects.toThrowWithCode('ERR_SANDBOX_NOT_FOUND')
      expect(await sandboxes.findById('sandbox-1', NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandboxes: no longer finds an ended sandbox by ID or secret, nor lists it, through any handle',
    async run(harness) {
      const one = await openClaimed(harness)
      const other = await harness.open(() => REGISTRY_ID)
      await one.sandboxes.register(sandbox('sandbox-1', { secrets: [secret(1)] }), NOW)
      expect(await one.sandboxes.end('sandbox-1', NOW)).toBe(true)
      for (const { sandboxes } of [one, other]) {
        expect(await sandboxes.findById('sandbox-1', NOW)).toBeUndefined()
        expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
        expect((await sandboxes.list({ limit: 10 }, NOW)).items).toStrictEqual([])
      }
    },
  },
  {
    name: 'sandboxes: answers false to an end of what is not live, also the second time',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      expect(await sandboxes.end('sandbox-1', NOW)).toBe(false)
      await sandboxes.register(sandbox('sandbox-1'), NOW)
      expect(await sandboxes.end('sandbox-1', NOW)).toBe(true)
      expect(await sandboxes.end('sandbox-1', NOW)).toBe(false)
    },
  },
  {
    name: 'sandboxes: rejects a replacement of an ended ID with ERR_SANDBOX_NOT_FOUND',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('sandbox-1'), NOW)
      await sandboxes.end('sandbox-1', NOW)
      const replacement = sandboxes.replace(sandbox('sandbox-1', { revision: 2 }), NOW)
      await expect(replacement).rejects.toThrowWithCode('ERR_SANDBOX_NOT_FOUND')
    },
  },
  {
    name: 'sandboxes: lets an ended ID be registered again, with nothing left of the first',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(fullRecord, NOW)
      await sandboxes.end('sandbox-1', NOW)
      const again = sandbox('sandbox-1', { secrets: [secret(3)] })
      await sandboxes.register(again, NOW)
      expect(await sandboxes.findById('sandbox-1', NOW)).toStrictEqual(again)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await sandboxes.findBySecretHash(hash(3), NOW)).toStrictEqual(again)
    },
  },
]

function expectOneFulfilled(
  outcomes: readonly PromiseSettledResult<void>[],
  losersCode: 'ERR_SANDBOX_EXISTS' | 'ERR_REVISION_CONFLICT',
): void {
  const losers = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(losers).toHaveLength(outcomes.length - 1)
  const otherFailures = losers.filter((loser) => !isIssuerError(loser.reason, losersCode))
  expect(otherFailures, `losers are told ${losersCode}`).toStrictEqual([])
}
