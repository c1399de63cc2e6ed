import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { BEFORE, hash, LATER, NOW, openClaimed, sandbox, secret } from './registry-fixtures.ts'

const BATCH = 120

/** Registering many sandboxes at once. */
export const sandboxBatchCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'sandboxes: registers a batch, each to be found by ID and secret',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const ids = Array.from({ length: BATCH }, (_, index) => `sandbox-${String(index).padStart(4, '0')}`)
      const records = ids.map((id, index) => sandbox(id, { secrets: [secret(index)] }))
      expect(await sandboxes.registerAll(records, NOW)).toStrictEqual(ids.map(() => undefined))
      expect((await sandboxes.list({ limit: 1000 }, NOW)).items).toStrictEqual(records)
      expect((await sandboxes.findBySecretHash(hash(119), NOW))?.sandbox_id).toBe('sandbox-0119')
    },
  },
  {
    name: 'sandboxes: refuses members of a batch each for itself and registers the others',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('here', { app: 'first', secrets: [secret(1)] }), NOW)
      const outcomes = await sandboxes.registerAll(
        [
          sandbox('new-1', { secrets: [secret(2)] }),
          sandbox('here', { app: 'second', secrets: [secret(3)] }),
          sandbox('thief', { secrets: [secret(4), secret(1)] }),
          sandbox('new-2', { secrets: [secret(5)] }),
        ],
        NOW,
      )
      expect(outcomes.map((error) => error?.code)).toStrictEqual([
        undefined,
        'ERR_SANDBOX_EXISTS',
        'ERR_SECRET_IN_USE',
        undefined,
      ])
      const { items } = await sandboxes.list({ limit: 10 }, NOW)
      expect(items.map(({ sandbox_id, app }) => [sandbox_id, app])).toStrictEqual([
        ['here', 'first'],
        ['new-1', ''],
        ['new-2', ''],
      ])
      expect(await sandboxes.findBySecretHash(hash(3), NOW)).toBeUndefined()
      expect(await sandboxes.findBySecretHash(hash(4), NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandboxes: lets a batch replace expired ones and give a batch of none no outcome',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('gone', { secrets: [secret(1)], expires_at: NOW }), BEFORE)
      expect(await sandboxes.registerAll([], NOW)).toStrictEqual([])
      const again = [sandbox('gone', { app: 'again', secrets: [secret(2)] })]
      expect(await sandboxes.registerAll(again, NOW)).toStrictEqual([undefined])
      expect((await sandboxes.findById('gone', LATER))?.app).toBe('again')
      expect(await sandboxes.findBySecretHash(hash(1), BEFORE)).toBeUndefined()
    },
  },
]
