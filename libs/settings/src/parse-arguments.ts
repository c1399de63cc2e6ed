import { Command, Option } from 'commander'
import type { Setting, SettingsTable } from './define-settings.ts'
import { nearestName } from './nearest-name.ts'
import type { SettingsProblem } from './settings-error.ts'

/** What a command line says. */
export interface ParsedArguments {
  readonly helpRequested: boolean
  readonly versionRequested: boolean
  /** The texts given for each setting, in order; `'true'` for a flag that takes no value. */
  readonly texts: ReadonlyMap<string, readonly string[]>
  /** Unknown flags, missing and superfluous values, arguments that belong to no flag. */
  readonly problems: readonly SettingsProblem[]
}

/**
 * Splits a command line (without node and script) into the texts of the table's settings. Does not judge the texts.
 *
 * Takes `--flag value` and `--flag=value`. A word that begins with `-` is a value only in the second form, unless it is
 * a negative number: in `--store --require-keys` the store has no value.
 */
export function parseArguments(table: SettingsTable, argv: readonly string[]): ParsedArguments {
  const texts = new Map<string, string[]>()
  const problems: SettingsProblem[] = []
  const requested = new Set<string>()
  const command = createSilentCommand()

  for (const [name, setting] of Object.entries(table)) {
    const takesValue = setting.valueName !== undefined
    // Declared as optional, a value that is missing arrives here as null; a required one would stop at the first mistake.
    command.addOption(new Option(takesValue ? `--${setting.flag} [value]` : `--${setting.flag}`))
    command.on(`option:${setting.flag}`, (text: unknown) => {
      if (takesValue && typeof text !== 'string') problems.push(missingValue(name, setting))
      else texts.set(name, [...(texts.get(name) ?? []), typeof text === 'string' ? text : 'true'])
    })
  }
  for (const [short, long] of [['-h', 'help'] as const, ['-V', 'version'] as const]) {
    command.addOption(new Option(`${short}, --${long}`))
    command.on(`option:${long}`, () => requested.add(long))
  }

  // What stands behind `--` is no flag; a flag that lacks its value never takes the `--`.
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const words = argv.slice(0, end)
  const { operands, unknown } = command.parseOptions([...words])
  const strayIndexes = new Set<number>()
  for (const word of [...operands, ...unknown]) {
    if (unknown.includes(word) && isFlag(word)) {
      problems.push(unknownFlag(table, word))
      continue
    }
    const index = words.findIndex(
      (candidate, at) => candidate === word && !strayIndexes.has(at) && !isTaken(table, words[at - 1]),
    )
    strayIndexes.add(index)
    // A word directly behind an unknown flag is most likely its value: one mistake, not two.
    const previous = words[index - 1]
    if (
      previous === undefined ||
      !unknown.includes(previous) ||
      !isFlag(previous) ||
      previous.includes('=')
    ) {
      problems.push(strayArgument(index))
    }
  }
  for (let index = end + 1; index < argv.length; index++) problems.push(strayArgument(index))
  return {
    helpRequested: requested.has('help'),
    versionRequested: requested.has('version'),
    texts,
    problems,
  }
}

function createSilentCommand(): Command {
  const nothing = (): void => undefined
  return new Command('settings')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeOut: nothing, writeErr: nothing, outputError: nothing })
}

function isFlag(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && !/^-[\d.]/.test(word)
}

/** Whether the word behind `previous` is its value. */
function isTaken(table: SettingsTable, previous: string | undefined): boolean {
  return Object.values(table).some(
    (setting) => setting.valueName !== undefined && `--${setting.flag}` === previous,
  )
}

function missingValue(name: string, setting: Setting<unknown>): SettingsProblem {
  const { flag, variable, valueName } = setting
  const message = `--${flag} (${variable}): the flag needs a value: --${flag} ${valueName ?? ''} (write --${flag}=… when it begins with "-")`
  return { settings: [name], source: 'flag', message }
}

// The words themselves are not repeated: one that went astray may be a secret.
function strayArgument(index: number): SettingsProblem {
  const message = `argument ${index + 1} of the command line belongs to no flag; only flags are allowed (quote a value that has spaces)`
  return { settings: [], source: 'flag', message }
}

function unknownFlag(table: SettingsTable, word: string): SettingsProblem {
  const [given = ''] = word.split('=', 1)
  const known = Object.entries(table).find(([, setting]) => `--${setting.flag}` === given)
  if (known !== undefined) {
    const message = `${given} (${known[1].variable}): the flag takes no value; write ${given} alone or leave it out`
    return { settings: [known[0]], source: 'flag', message }
  }
  const flags = [...Object.values(table).map((setting) => `--${setting.flag}`), '--help', '--version']
  const nearest = nearestName(given, flags)
  const advice = nearest === undefined ? '--help lists the flags' : `did you mean ${nearest}?`
  return { settings: [], source: 'flag', message: `unknown flag ${JSON.stringify(given)}: ${advice}` }
}
