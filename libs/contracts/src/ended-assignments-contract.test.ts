import { describe, expect, it } from 'vitest'
import { endedAssignmentsFaults, memoryNotesHarness } from './ended-assignments-faults.testing.ts'
import { endedAssignmentsCases } from './ended-assignments-cases.ts'
import { endedAssignmentsContract } from './ended-assignments-contract.ts'
import { failingCases } from './failing-cases.testing.ts'

endedAssignmentsContract('the memory', () => memoryNotesHarness())

describe('endedAssignmentsCases', () => {
  it('finds nothing wrong with the notes in memory', async () => {
    expect(await failingCases(endedAssignmentsCases, () => memoryNotesHarness())).toStrictEqual([])
  })

  it.each(endedAssignmentsFaults)(
    'finds the fault "$fault" by exactly the cases meant for it',
    async ({ plant, found }) => {
      const failing = await failingCases(endedAssignmentsCases, () => memoryNotesHarness(plant))
      expect(failing).toStrictEqual(found)
    },
  )

  it('has for every case a planted fault that it finds', () => {
    const finding = new Set(endedAssignmentsFaults.flatMap(({ found }) => found))
    expect(endedAssignmentsCases.map(({ name }) => name).filter((name) => !finding.has(name))).toStrictEqual(
      [],
    )
  })

  it('has no two cases of the same name', () => {
    expect(new Set(endedAssignmentsCases.map(({ name }) => name)).size).toBe(endedAssignmentsCases.length)
  })
})
