import { describeContract } from './contract-case.ts'
import { endedAssignmentsCases } from './ended-assignments-cases.ts'
import type { EndedAssignmentsHarness } from './ended-assignments-harness.ts'

/**
 * Registers the contract of the `EndedAssignments` port as Vitest tests for the store called `name`. Every store passes
 * all of it; there is nothing to turn off.
 */
export function endedAssignmentsContract(
  name: string,
  createHarness: () => Promise<EndedAssignmentsHarness>,
): void {
  describeContract(`${name} as notes about ended assignments`, endedAssignmentsCases, createHarness)
}
