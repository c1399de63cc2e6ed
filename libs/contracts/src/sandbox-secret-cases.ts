import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { BEFORE, hash, LATER, NOW, openClaimed, sandbox, secret } from './registry-fixtures.ts'

/** A secret that no longer counts at {@link LATER}. */
const outdated = { sha256: hash(1), valid_until: LATER }

/** Finding sandboxes by the hash of a secret, and to whom a secret belongs. */
export const sandboxSecretCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'sandbox secrets: gives undefined for a hash nobody has',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('sandbox-1', { secrets: [secret(1)] }), NOW)
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandbox secrets: finds the whole record by each of its two secrets',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const record = sandbox('sandbox-1', { secrets: [secret(2), { sha256: hash(1), valid_until: LATER }] })
      await sandboxes.register(record, NOW)
      await sandboxes.register(sandbox('sandbox-2', { secrets: [secret(3)] }), NOW)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toStrictEqual(record)
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toStrictEqual(record)
      expect((await sandboxes.findBySecretHash(hash(3), NOW))?.sandbox_id).toBe('sandbox-2')
    },
  },
  {
    name: 'sandbox secrets: never finds a runner by its secret',
    async run(harness) {
      const { sandboxes, runners } = await openClaimed(harness)
      await runners.register(
        { runner_id: 'same', secrets: [secret(1)], created_at: BEFORE, revision: 1 },
        NOW,
      )
      await sandboxes.register(sandbox('same', { secrets: [secret(2)] }), NOW)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await runners.findBySecretHash(hash(2), NOW)).toBeUndefined()
    },
  },
  {
    name: 'sandbox secrets: finds a secret one second before its valid_until',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [{ sha256: hash(1), valid_until: LATER }] }), NOW)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('a')
    },
  },
  {
    name: 'sandbox secrets: no longer finds a secret at its valid_until',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [{ sha256: hash(1), valid_until: NOW }] }), BEFORE)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await sandboxes.findBySecretHash(hash(1), LATER)).toBeUndefined()
    },
  },
  {
    name: 'sandbox secrets: keeps a sandbox and its other secret when one secret is past its valid_until',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const record = sandbox('a', { secrets: [secret(2), { sha256: hash(1), valid_until: NOW }] })
      await sandboxes.register(record, BEFORE)
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toStrictEqual(record)
      expect(await sandboxes.findById('a', NOW)).toStrictEqual(record)
    },
  },
  {
    name: 'sandbox secrets: finds by the new secret only after a replacement without the old one',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const replaced = sandbox('a', { secrets: [secret(2)], revision: 2 })
      await sandboxes.replace(replaced, NOW)
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toStrictEqual(replaced)
    },
  },
  {
    name: 'sandbox secrets: gives a kept secret the valid_until of the replacement',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const graced = [secret(2), { sha256: hash(1), valid_until: LATER }]
      await sandboxes.replace(sandbox('a', { secrets: graced, revision: 2 }), NOW)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.revision).toBe(2)
      expect(await sandboxes.findBySecretHash(hash(1), LATER)).toBeUndefined()
    },
  },
  {
    name: 'sandbox secrets: rejects a registration with a secret of another live sandbox with ERR_SECRET_IN_USE',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      const taken = sandboxes.register(sandbox('b', { secrets: [secret(2), secret(1)] }), NOW)
      await expect(taken).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      expect(await sandboxes.findById('b', NOW)).toBeUndefined()
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toBeUndefined()
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('a')
    },
  },
  {
    name: 'sandbox secrets: rejects a replacement with a secret of another live sandbox with ERR_SECRET_IN_USE',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const stored = sandbox('b', { secrets: [secret(2)] })
      await sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      await sandboxes.register(stored, NOW)
      const taken = sandboxes.replace(sandbox('b', { secrets: [secret(1)], revision: 2 }), NOW)
      await expect(taken).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      expect(await sandboxes.findBySecretHash(hash(2), NOW)).toStrictEqual(stored)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('a')
    },
  },
  {
    name: 'sandbox secrets: lets one of 50 concurrent registrations with the same secret win',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const outcomes = await Promise.allSettled(
        Array.from({ length: 50 }, (_, caller) =>
          sandboxes.register(sandbox(`sandbox-${caller}`, { secrets: [secret(1)] }), NOW),
        ),
      )
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
      expect((await sandboxes.list({ limit: 100 }, NOW)).items).toHaveLength(1)
    },
  },
  {
    name: 'sandbox secrets: frees the secret of an ended sandbox',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      await sandboxes.end('a', NOW)
      await sandboxes.register(sandbox('b', { secrets: [secret(1)] }), NOW)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('b')
    },
  },
  {
    name: 'sandbox secrets: frees a secret that a replacement left out',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(1)] }), NOW)
      await sandboxes.replace(sandbox('a', { secrets: [secret(2)], revision: 2 }), NOW)
      await sandboxes.register(sandbox('b', { secrets: [secret(1)] }), NOW)
      expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('b')
    },
  },
  {
    name: 'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(2), outdated] }), NOW)
      const registration = () => sandboxes.register(sandbox('b', { secrets: [secret(1)] }), NOW)
      await expect(registration()).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      await sandboxes.register(sandbox('b', { secrets: [secret(1)] }), LATER)
      expect((await sandboxes.findBySecretHash(hash(1), LATER))?.sandbox_id).toBe('b')
      expect((await sandboxes.findBySecretHash(hash(2), LATER))?.sandbox_id).toBe('a')
    },
  },
  {
    name: 'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(2), outdated] }), NOW)
      await sandboxes.register(sandbox('b', { secrets: [secret(3)] }), NOW)
      const changed = sandbox('b', { secrets: [secret(1)], revision: 2 })
      await expect(sandboxes.replace(changed, NOW)).rejects.toThrowWithCode('ERR_SECRET_IN_USE')
      await sandboxes.replace(changed, LATER)
      expect(await sandboxes.findBySecretHash(hash(1), LATER)).toStrictEqual(changed)
    },
  },
  {
    name: 'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { secrets: [secret(2), outdated] }), NOW)
      await sandboxes.register(sandbox('b', { secrets: [secret(1)] }), LATER)
      await sandboxes.replace(sandbox('a', { secrets: [secret(3), outdated], revision: 2 }), LATER)
      expect((await sandboxes.findBySecretHash(hash(1), LATER))?.sandbox_id).toBe('b')
      await sandboxes.replace(sandbox('a', { secrets: [secret(3)], revision: 3 }), LATER)
      expect((await sandboxes.findBySecretHash(hash(1), LATER))?.sandbox_id).toBe('b')
      await sandboxes.end('a', LATER)
      expect((await sandboxes.findBySecretHash(hash(1), LATER))?.sandbox_id).toBe('b')
    },
  },
]
