import { unixSeconds, type RunnerRecord } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import {
  awkwardIds,
  BEFORE,
  hash,
  LATER,
  NOW,
  openClaimed,
  REGISTRY_ID,
  runner,
  sandbox,
  secret,
} from './registry-fixtures.ts'

const fullRecord: RunnerRecord = {
  runner_id: 'node-1',
  token_url: 'http://10.0.0.7:7133/v1/token',
  secrets: [secret(2), { sha256: hash(1), valid_until: LATER }],
  created_at: unixSeconds(1_767_225_000),
  revision: 1,
}

/** Registering, finding, replacing, listing and ending runners. */
export const runnerRegistryCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'runners: gives back a record with every field as it was registered, by ID and by each secret',
    async run(harness) {
      await (await openClaimed(harness)).runners.register(fullRecord, NOW)
      const { runners } = await harness.open(() => REGISTRY_ID)
      expect(await runners.findById('node-1', NOW)).toStrictEqual(fullRecord)
      expect(await runners.findBySecretHash(hash(1), NOW)).toStrictEqual(fullRecord)
      expect(await runners.findBySecretHash(hash(2), NOW)).toStrictEqual(fullRecord)
    },
  },
  {
    name: 'runners: keeps absent fields absent',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      await runners.register(runner('node-1'), NOW)
      expect(await runners.findById('node-1', NOW)).toStrictEqual({
        runner_id: 'node-1',
        secrets: [],
        created_at: 1_767_000_000,
        revision: 1,
      })
    },
  },
  {
    name: 'runners: gives undefined for an ID or a hash nobody has, also when a sandbox has it',
    async run(harness) {
      const { runners, sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('node-1', { secrets: [secret(1)] }), NOW)
      expect(await runners.findById('node-1', NOW)).toBeUndefined()
      expect(await runners.findBySecretHash(hash(1), NOW)).toBeUndefined()
    },
  },
  {
    name: 'runners: rejects a registration of a live ID with ERR_RUNNER_EXISTS and keeps the first',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      await runners.register(fullRecord, NOW)
      const second = runners.register(runner('node-1', { secrets: [secret(3)] }), NOW)
      await expect(second).rejects.toThrowWithCode('ERR_RUNNER_EXISTS')
      expect(await runners.findById('node-1', NOW)).toStrictEqual(fullRecord)
      expect(await runners.findBySecretHash(hash(3), NOW)).toBeUndefined()
    },
  },
  {
    name: 'runners: lets one of 50 concurrent registrations of an ID win',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      const outcomes = await Promise.allSettled(
        Array.from({ length: 50 }, (_, caller) =>
          runners.register(runner('node-1', { secrets: [secret(caller + 1)] }), NOW),
        ),
      )
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
      const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled')
      expect((await runners.findBySecretHash(hash(winner + 1), NOW))?.runner_id).toBe('node-1')
    },
  },
  {
    name: 'runners: replaces a record as a whole, secrets included, when its revision follows the stored one',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      await runners.register(fullRecord, NOW)
      const bare = runner('node-1', { secrets: [secret(3)], revision: 2 })
      await runners.replace(bare, NOW)
      expect(await runners.findById('node-1', NOW)).toStrictEqual(bare)
      expect(await runners.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await runners.findBySecretHash(hash(3), NOW)).toStrictEqual(bare)
    },
  },
  {
    name: 'runners: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      const stored = runner('node-1', { revision: 5 })
      await runners.register(stored, NOW)
      for (const revision of [4, 5, 7]) {
        const late = runners.replace(runner('node-1', { revision, token_url: 'http://late' }), NOW)
        await expect(late).rejects.toThrowWithCode('ERR_REVISION_CONFLICT')
      }
      expect(await runners.findById('node-1', NOW)).toStrictEqual(stored)
    },
  },
  {
    name: 'runners: rejects a replacement of an ID that is not registered with ERR_RUNNER_NOT_FOUND',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      const replacement = runners.replace(runner('node-1', { revision: 2 }), NOW)
      await expect(replacement).rejects.toThrowWithCode('ERR_RUNNER_NOT_FOUND')
    },
  },
  {
    name: 'runners: rejects a secret of another runner with ERR_SECRET_IN_USE and changes nothing',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      await runners.register(runner('node-1', { secrets: [secret(1)] }), NOW)
      const stored = runner('node-2', { secrets: [secret(2)] })
      await runners.register(stored, NOW)
      const registration = runners.register(runner('node-3', { secrets: [secret(3), secret(1)] }), NOW)
      await expect(registration).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      const replacement = runners.replace(runner('node-2', { secrets: [secret(1)], revision: 2 }), NOW)
      await expect(replacement).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      expect((await runners.list({ limit: 10 }, NOW)).items.map((item) => item.runner_id)).toStrictEqual([
        'node-1',
        'node-2',
      ])
      expect(await runners.findBySecretHash(hash(2), NOW)).toStrictEqual(stored)
      expect((await runners.findBySecretHash(hash(1), NOW))?.runner_id).toBe('node-1')
    },
  },
  {
    name: 'runners: finds a secret one second before its valid_until, no longer at it',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      await runners.register(runner('node-1', { secrets: [{ sha256: hash(1), valid_until: NOW }] }), BEFORE)
      expect((await runners.findBySecretHash(hash(1), BEFORE))?.runner_id).toBe('node-1')
      expect(await runners.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await runners.findById('node-1', NOW)).toBeDefined()
    },
  },
  {
    name: 'runners: no longer finds or lists an ended runner, through any handle, and frees its ID and secret',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      const other = await harness.open(() => REGISTRY_ID)
      await runners.register(runner('node-1', { secrets: [secret(1)] }), NOW)
      expect(await runners.end('node-1', NOW)).toBe(true)
      expect(await runners.end('node-1', NOW)).toBe(false)
      expect(await other.runners.findById('node-1', NOW)).toBeUndefined()
      expect(await other.runners.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await other.runners.list({ limit: 10 }, NOW)).toStrictEqual({ items: [], next: null })
      await runners.register(runner('node-2', { secrets: [secret(1)] }), NOW)
      await runners.register(runner('node-1'), NOW)
      expect((await runners.findBySecretHash(hash(1), NOW))?.runner_id).toBe('node-2')
    },
  },
  {
    name: 'runners: leaves the sandboxes of an ended runner alone',
    async run(harness) {
      const { runners, sandboxes } = await openClaimed(harness)
      await runners.register(runner('node-1'), NOW)
      await sandboxes.register(sandbox('a', { runner_id: 'node-1' }), NOW)
      await runners.end('node-1', NOW)
      expect(await sandboxes.findById('a', NOW)).toStrictEqual(sandbox('a', { runner_id: 'node-1' }))
    },
  },
  {
    name: 'runners: frees a secret at its valid_until, not one second before',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      const outdated = { sha256: hash(1), valid_until: LATER }
      await runners.register(runner('node-1', { secrets: [secret(2), outdated] }), NOW)
      const registration = runners.register(runner('node-2', { secrets: [secret(1)] }), NOW)
      await expect(registration).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      await runners.register(runner('node-2', { secrets: [secret(1)] }), LATER)
      expect((await runners.findBySecretHash(hash(1), LATER))?.runner_id).toBe('node-2')
      expect((await runners.findBySecretHash(hash(2), LATER))?.runner_id).toBe('node-1')
    },
  },
  {
    name: 'runners: lists every runner once, ordered by ID as ASCII text, over pages',
    async run(harness) {
      const { runners } = await openClaimed(harness)
      for (const id of [...awkwardIds].reverse()) await runners.register(runner(id), NOW)
      const first = await runners.list({ limit: 10 }, NOW)
      expect(first.items.map((item) => item.runner_id)).toStrictEqual(awkwardIds.slice(0, 10))
      expect(first.next).toBe('a.b')
      const rest = await runners.list({ limit: 7, after: 'a.b' }, NOW)
      expect(rest.items.map((item) => item.runner_id)).toStrictEqual(awkwardIds.slice(10))
      expect(rest.next).toBeNull()
    },
  },
]
