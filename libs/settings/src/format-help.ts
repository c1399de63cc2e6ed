import { Command, Option } from 'commander'
import type { Setting, SettingsTable } from './define-settings.ts'

/** What help and `--version` say about a program. */
export interface ProgramDescription {
  /** The name it is started by: `workload-identity-issuer`. */
  readonly programName: string
  /** What it does, in a sentence. */
  readonly description: string
  readonly version: string
}

const HELP_WIDTH = 110

/** The text of `--help`: every flag with its meaning, variable and default, in the groups and order of the table. */
export function formatHelp(table: SettingsTable, program: ProgramDescription): string {
  const command = new Command(program.programName)
    .usage('[flags]')
    .description(`${program.description}\n\nA flag wins over its environment variable.`)
    .helpOption(false)
    // The width of the terminal is not read here: the text is the same wherever it is made.
    .configureOutput({ getOutHelpWidth: () => HELP_WIDTH, getOutHasColors: () => false })
  for (const setting of Object.values(table)) {
    const term = [`--${setting.flag}`, ...(setting.valueName === undefined ? [] : [setting.valueName])].join(
      ' ',
    )
    command.addOption(new Option(term, describe(setting)).helpGroup(`${setting.group}:`))
  }
  command.addOption(new Option('-h, --help', 'Show this text.').helpGroup('Other:'))
  command.addOption(new Option('-V, --version', 'Show the version.').helpGroup('Other:'))
  return command.helpInformation().trimEnd()
}

function describe(setting: Setting<unknown>): string {
  const facts = [setting.variable]
  if (setting.isRepeatable) facts.push('repeatable; there comma-separated')
  if (setting.isRequired) facts.push('required')
  if (setting.valueName !== undefined && setting.defaultTexts.length > 0) {
    facts.push(`default ${setting.defaultTexts.join(',')}`)
  }
  return `${setting.description} (${facts.join('; ')})`
}
