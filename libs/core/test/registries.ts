import type { EndedAssignment, EndedAssignments } from '../src/ports/ended-assignments.ts'
import type { RunnerRecord } from '../src/ports/runner-registry.ts'
import type { SandboxRecord } from '../src/ports/sandbox-registry.ts'
import { createFixedClock } from '../src/testing/fixed-clock.ts'
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
    ...{ storage, notes, clock: createFixedClock(START), ended: createNotes(notes) },
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

function createNotes(notes: Map<string, EndedAssignment>): EndedAssignments {
  return {
    async put(ended) {
      for (const note of ended) notes.set(`${note.runner_id} ${note.sandbox_id}`, note)
    },
    async list(runnerId, from, until) {
      return [...notes.values()]
        .filter((note) => note.runner_id === runnerId && note.ended_at >= from && note.ended_at <= until)
        .sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
    },
    async removeBefore() {
      return 0
    },
  }
}
