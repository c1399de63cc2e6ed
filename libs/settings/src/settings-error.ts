/** Where a mistake was made: on the command line, in the environment, by leaving a setting out, or between settings. */
export type ProblemSource = 'flag' | 'environment' | 'unset' | 'check'

/** One mistake in the settings, as a sentence for the operator. */
export interface SettingsProblem {
  /** Names of the table's settings it is about; empty for an unknown flag, argument or variable. */
  readonly settings: readonly string[]
  readonly source: ProblemSource
  /** One line: flag and variable, what was wrong, what is allowed. Never the value of a secret setting. */
  readonly message: string
}

/**
 * All mistakes of one set of flags and variables. Its message is a heading and then one line for each problem, ready
 * to be printed; a program that gets it ends with exit code 78.
 */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly problems: readonly SettingsProblem[]

  constructor(programName: string, problems: readonly SettingsProblem[]) {
    const count = problems.length === 1 ? '1 mistake' : `${problems.length} mistakes`
    const lines = problems.map((problem) => `  - ${problem.message}`)
    super([`${count} in the settings of ${programName} (--help lists them all):`, ...lines].join('\n'))
    this.problems = Object.freeze([...problems])
  }
}

/**
 * Refuses the text of one setting. The message says what is allowed and goes on after "refused …: "; it never repeats
 * the text, since only the reader of the settings knows whether it is a secret.
 */
export class SettingValueError extends Error {
  override readonly name = 'SettingValueError'
}
