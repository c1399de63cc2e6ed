export { createFixedClock, type FixedClock } from './fixed-clock.ts'
export {
  createMemoryEndedAssignments,
  type MemoryEndedAssignmentsStorage,
} from './memory-ended-assignments.ts'
export { createMemoryKeyStore, type MemoryRingStorage } from './memory-key-store.ts'
export {
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
  type MemoryRegistryOptions,
  type MemoryRegistryStorage,
} from './memory-registry.ts'
