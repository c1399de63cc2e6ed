import { IssuerError } from '@workload-identity/core'
import type { ConfigOf, Setting, SettingsTable } from './define-settings.ts'
import { formatHelp, type ProgramDescription } from './format-help.ts'
import { parseArguments } from './parse-arguments.ts'
import { findUnknownVariables, readVariable, type Environment } from './read-environment.ts'
import type { SettingsCheck } from './settings-check.ts'
import { SettingsError, type SettingsProblem } from './settings-error.ts'

/** Who gave a setting its value; `unset` when nobody did and there is no default. */
export type SettingSource = 'flag' | 'environment' | 'default' | 'unset'

/** What {@link readSettings} reads, and who asks. */
export interface ReadSettingsOptions<T extends SettingsTable> extends ProgramDescription {
  /** The arguments of the program without node and script: `process.argv.slice(2)`. */
  readonly argv: readonly string[]
  /** `process.env`. */
  readonly env: Environment
  /** Checks between settings, in the order in which their problems are told. */
  readonly checks?: readonly SettingsCheck<T>[]
  /** Variables that begin with `WID_` and belong to another program of the same environment. */
  readonly otherVariables?: readonly string[]
}

/** The configuration, or the text a user asked for with `--help` or `--version` (which win over every mistake). */
export type SettingsResult<T extends SettingsTable> =
  | {
      readonly kind: 'config'
      /** Frozen, with all arrays and plain objects in it. */
      readonly config: ConfigOf<T>
      readonly sources: Readonly<Record<keyof T & string, SettingSource>>
    }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version'; readonly text: string }

interface GivenTexts {
  readonly source: SettingSource
  readonly texts: readonly string[]
}

/**
 * Reads the settings of a table from flags and environment variables. A flag wins over its variable; of a flag that is
 * not repeatable the last one counts; only the texts that count are judged. Reads nothing but its arguments and never
 * ends the process.
 *
 * @throws {SettingsError} with all mistakes at once: refused and empty values, missing ones, unknown flags and
 * variables, arguments that belong to no flag, and what the checks find.
 */
export function readSettings<T extends SettingsTable>(
  table: T,
  options: ReadSettingsOptions<T>,
): SettingsResult<T> {
  const parsed = parseArguments(table, options.argv)
  if (parsed.helpRequested) return { kind: 'help', text: formatHelp(table, options) }
  if (parsed.versionRequested) return { kind: 'version', text: `${options.programName} ${options.version}` }

  const problems: SettingsProblem[] = [...parsed.problems]
  const config: Record<string, unknown> = {}
  const sources: Record<string, SettingSource> = {}
  const malformed = new Set(problems.flatMap((problem) => problem.settings))
  for (const [name, setting] of Object.entries(table)) {
    const given = chooseTexts(setting, parsed.texts.get(name), options.env)
    sources[name] = given.source
    // A flag without its value is one mistake; the variable it would win over, or a missing setting, is not another.
    if (given.source !== 'flag' && malformed.has(name)) continue
    const read = readTexts(name, setting, given)
    problems.push(...read.problems)
    config[name] = deepFreeze(setting.isRepeatable ? read.values : read.values.at(-1))
  }
  problems.push(...findUnknownVariables(table, options.env, options.otherVariables ?? []))

  const refused = new Set(problems.flatMap((problem) => problem.settings))
  const whole = Object.freeze(config) as ConfigOf<T>
  for (const check of options.checks ?? []) {
    if (!check.settings.some((name) => refused.has(name))) problems.push(...runCheck(table, check, whole))
  }
  if (problems.length > 0) throw new SettingsError(options.programName, problems)
  return {
    kind: 'config',
    config: whole,
    sources: Object.freeze(sources),
  }
}

function chooseTexts(
  setting: Setting<unknown>,
  flagTexts: readonly string[] | undefined,
  env: Environment,
): GivenTexts {
  if (flagTexts !== undefined) {
    return { source: 'flag', texts: setting.isRepeatable ? flagTexts : flagTexts.slice(-1) }
  }
  const variableTexts = readVariable(setting, env)
  if (variableTexts !== undefined) return { source: 'environment', texts: variableTexts }
  return { source: setting.defaultTexts.length > 0 ? 'default' : 'unset', texts: setting.defaultTexts }
}

function readTexts(
  name: string,
  setting: Setting<unknown>,
  given: GivenTexts,
): { readonly values: readonly unknown[]; readonly problems: readonly SettingsProblem[] } {
  const label = labelOf(setting)
  if (given.source === 'unset' && setting.isRequired) {
    const message = `${label}: is required: give --${setting.flag} ${setting.valueName ?? ''} or set ${setting.variable}`
    return { values: [], problems: [{ settings: [name], source: 'unset', message }] }
  }
  const source = given.source === 'environment' ? 'environment' : 'flag'
  const giver = source === 'flag' ? `the flag --${setting.flag}` : `the variable ${setting.variable}`
  const values: unknown[] = []
  const problems: SettingsProblem[] = []
  for (const text of given.texts) {
    const result = text === '' ? undefined : setting.schema.safeParse(text)
    if (result?.success === true) {
      values.push(result.data)
      continue
    }
    const reason =
      result === undefined
        ? 'must not be empty; to leave the setting out, do not give it at all'
        : result.error.issues.map((issue) => issue.message).join('; ')
    const echo = setting.isSecret || text === '' ? 'the value' : quote(text)
    problems.push({
      settings: [name],
      source,
      message: `${label}: refused ${echo} of ${giver}: ${oneLine(reason)}`,
    })
  }
  return { values, problems }
}

function runCheck<T extends SettingsTable>(
  table: T,
  check: SettingsCheck<T>,
  config: ConfigOf<T>,
): readonly SettingsProblem[] {
  const labels = check.settings.map((name) => {
    const setting = table[name]
    return setting === undefined ? name : labelOf(setting)
  })
  return findProblems(check, config).map((problem) => ({
    settings: check.settings,
    source: 'check',
    message: `${labels.join(', ')}: ${oneLine(problem)}`,
  }))
}

function findProblems<T extends SettingsTable>(
  check: SettingsCheck<T>,
  config: ConfigOf<T>,
): readonly string[] {
  try {
    return check.findProblems(config)
  } catch (error) {
    if (error instanceof IssuerError) return [error.message]
    throw error
  }
}

function labelOf(setting: Setting<unknown>): string {
  return `--${setting.flag} (${setting.variable})`
}

const MAX_ECHO_LENGTH = 200

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_ECHO_LENGTH ? `${text.slice(0, MAX_ECHO_LENGTH)}…` : text)
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ')
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  // Only what the schemas build: freezing a foreign instance (a URL, a Map) would not make it constant.
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
