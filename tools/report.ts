/** What one check found; an empty list means that the repository is as it should be. */
export type Problems = readonly string[]

/**
 * Ends a check: prints its problems, or one line that says what was looked at, and sets the exit code to 1 or 0.
 *
 * @param looked what was examined, as the end of the sentence "ok: …", so that a check that saw nothing is noticed.
 */
export function report(check: string, problems: Problems, looked: string): void {
  if (problems.length === 0) {
    console.log(`${check}: ok: ${looked}`)
    return
  }
  for (const problem of problems) console.error(`${check}: ${problem}`)
  console.error(`${check}: ${problems.length} problem(s)`)
  process.exitCode = 1
}
