import { describe, expect, it } from 'vitest'
import { countTests, sumCounts, type VitestReport } from './count-tests.ts'

const green: VitestReport = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: 'passed', assertionResults: [1, 2, 3] }],
}

describe('countTests', () => {
  it('counts the tests of a green run', () => {
    expect(countTests(green)).toEqual({ passed: 3, failed: 0 })
  })

  it('counts failed and skipped tests and files that could not be loaded as failed', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }]
    const red = {
      ...green,
      success: false,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults,
    }
    expect(countTests(red)).toEqual({ passed: 3, failed: 5 })
  })

  it('counts one failure for a missing report, a red run that names no test, and a run without tests', () => {
    expect(countTests(undefined)).toEqual({ passed: 0, failed: 1 })
    expect(countTests({ ...green, success: false })).toEqual({ passed: 3, failed: 1 })
    expect(countTests({ ...green, numPassedTests: 0, testResults: [] })).toEqual({ passed: 0, failed: 1 })
  })
})

describe('sumCounts', () => {
  it('adds up', () => {
    expect(sumCounts([{ passed: 1, failed: 2 }, countTests(green)])).toEqual({ passed: 4, failed: 2 })
  })
})
