import { unixSeconds, type RunnerRecord, type SandboxRecord, type SecretHash } from '@workload-identity/core'
import type { RegistryHandles, RegistryHarness } from './registry-harness.ts'

/** The registry ID the cases claim. */
export const REGISTRY_ID = 'registry-of-the-contract'

/** The moment at which the cases happen: 2026-01-01T00:00:00Z. */
export const NOW = unixSeconds(1_767_225_600)
/** One second before {@link NOW}. */
export const BEFORE = unixSeconds(1_767_225_599)
/** One second after {@link NOW}. */
export const LATER = unixSeconds(1_767_225_601)

/** Handles on a registry whose ID was claimed, as an issuer has them after its start. */
export async function openClaimed(harness: RegistryHarness): Promise<RegistryHandles> {
  const handles = await harness.open(() => REGISTRY_ID)
  await handles.identity.claim(REGISTRY_ID)
  return handles
}

/** The hash, told apart by `label`, of a secret nobody knows. */
export function hash(label: number): string {
  return label.toString(16).padStart(64, '0')
}

/** A secret that is valid as long as its owner lives. */
export function secret(label: number): SecretHash {
  return { sha256: hash(label) }
}

/** A minimal sandbox called `sandbox_id`; it has no secrets unless `changes` say so. */
export function sandbox(sandbox_id: string, changes: Partial<SandboxRecord> = {}): SandboxRecord {
  return { sandbox_id, app: '', secrets: [], created_at: unixSeconds(1_767_000_000), revision: 1, ...changes }
}

/** A minimal runner called `runner_id`; it has no secrets unless `changes` say so. */
export function runner(runner_id: string, changes: Partial<RunnerRecord> = {}): RunnerRecord {
  return { runner_id, secrets: [], created_at: unixSeconds(1_767_000_000), revision: 1, ...changes }
}

/** Every character an identifier may have, and pairs that differ by case or a separator only. */
export const awkwardIds: readonly string[] = [
  '0',
  '9~',
  'A',
  'A.b_c/d@e+f=g~h-i',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  'Zz',
  'a',
  'a+b',
  'a-b',
  'a.b',
  'a/b',
  'a=b',
  'a@b',
  'a_b',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'a~b',
  'k'.repeat(255),
]
