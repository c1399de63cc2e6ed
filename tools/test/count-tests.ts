/** The parts of Vitest's JSON report that are counted. */
export interface VitestReport {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  /** Skipped tests, and those that never ran because a hook before them failed. */
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

/** How many tests ran and how many did not do what they should. */
export interface TestCount {
  readonly passed: number
  readonly failed: number
}

/**
 * Counts the tests of one project. What did not run counts as failed: a skipped test, a file that could not be loaded,
 * a project without a report, and a run that failed without naming a test.
 */
export function countTests(report: VitestReport | undefined): TestCount {
  if (report === undefined) return { passed: 0, failed: 1 }
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + report.numPendingTests + report.numTodoTests + unloaded
  const isUnexplained = failed === 0 && (!report.success || report.numPassedTests === 0)
  return { passed: report.numPassedTests, failed: isUnexplained ? 1 : failed }
}

/** Adds counts up. */
export function sumCounts(counts: readonly TestCount[]): TestCount {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  }
}
