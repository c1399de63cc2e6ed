import type { EndedAssignment } from '../src/ports/ended-assignments.ts'
import type { RunnerRecord } from '../src/ports/runner-registry.ts'
import type { SandboxRecord } from '../src/ports/sandbox-registry.ts'
import { createFixedClock } from '../src/testing/fixed-clock.ts'
import { createMemoryEndedAssignments } from '../src/testing/memory-ended-assignments.ts'
import {
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '../src/testing/memory-registry.ts'
import { START, UUIDS } from './fixtures.ts'

/** Memory registries on one storage, notes of ended assignments beside them, and a clock that stands at {@link START}. */
export function createRegistries(runnerIds: readonly string[] = ['r-1', 'r-2']) {
  const storage = createMemoryRegistryStorage()
  storage.registryId = UUIDS.registry
  for (const runnerId of runnerIds) storage.runners.set(runnerId, runnerOf(runnerId))
  const registry = { storage, registryId: () => UUIDS.registry }
  const notes = new Map<string, EndedAssignment>()
  return {
    ...{ storage, notes, clock: createFixedClock(START), ended: createMemoryEndedAssignments({ notes }) },
    sandboxes: createMemorySandboxRegistry(registry),
    runners: createMemoryRunnerRegistry(registry),
  }
}

/** A runner, registered at {@link START}. */
export function runnerOf(runnerId: string, changes: Partial<RunnerRecord> = {}): RunnerRecord {
  return { runner_id: runnerId, secrets: [], created_at: START, revision: 1, ...changes }
}

/** A sandbox of `r-1`, registered at {@link START}. */
export function sandboxOf(sandboxId: string, changes: Partial<SandboxRecord> = {}): SandboxRecord {
  return {
    ...{ sandbox_id: sandboxId, app: 'web', runner_id: 'r-1', secrets: [], created_at: START, revision: 1 },
    ...changes,
  }
}
