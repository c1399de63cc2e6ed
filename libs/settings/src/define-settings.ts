import { oneOf } from './one-of.ts'
import type { TextSchema } from './text-schema.ts'

declare const value: unique symbol

/** One setting of a program: a flag and an environment variable. `V` is what the configuration holds for it. */
export interface Setting<out V> {
  /** Name of the flag without dashes, in kebab-case: `issuer-url`. */
  readonly flag: string
  /** Name of the environment variable: `WID_ISSUER_URL`. */
  readonly variable: string
  /** What it means, in one or two sentences for an operator. */
  readonly description: string
  /** Placeholder of the value in help and reference, `<url>`; `undefined` for a flag that takes none. */
  readonly valueName: string | undefined
  /** Heading under which help and reference list it. */
  readonly group: string
  /** Whether its value must not appear in messages. */
  readonly isSecret: boolean
  readonly isRepeatable: boolean
  readonly isRequired: boolean
  /** Texts that count when nothing is given; empty when there is no default. */
  readonly defaultTexts: readonly string[]
  /** Reads one text of the flag or variable. */
  readonly schema: TextSchema<unknown>
  /** Only for the type checker; never set. */
  readonly [value]?: V
}

/** The settings of a program by the names they have in its configuration (camelCase). */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>

/** The configuration a table gives. */
export type ConfigOf<T extends SettingsTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never
}

interface CommonOptions {
  readonly flag: string
  readonly description: string
  /** `Settings` when left out. */
  readonly group?: string
}

interface ValueOptions<T> extends CommonOptions {
  readonly schema: TextSchema<T>
  /** With angle brackets: `<url>`. */
  readonly valueName: string
  /** The value may hold a secret (a password in a URL): messages leave it out. */
  readonly secret?: boolean
}

/** Options of a setting that may be left out: the configuration then holds `undefined`. */
export interface OptionalOptions<T> extends ValueOptions<T> {
  readonly repeatable?: never
  readonly required?: never
  readonly default?: never
}

/** Options of a setting that must be given. */
export interface RequiredOptions<T> extends ValueOptions<T> {
  readonly required: true
  readonly repeatable?: never
  readonly default?: never
}

/** Options of a setting with a default, written as an operator would write it. */
export interface DefaultedOptions<T> extends ValueOptions<T> {
  readonly default: string
  readonly repeatable?: never
  readonly required?: never
}

/** Options of a setting that may be given several times; comma-separated in the environment. */
export interface RepeatableOptions<T> extends ValueOptions<T> {
  readonly repeatable: true
  readonly required?: true
  readonly default?: readonly string[]
}

/**
 * A setting with a value. Its configuration is `T` when it is required or has a default, `T | undefined` otherwise,
 * and a frozen array when it is repeatable (empty exactly when it was not given and has no default).
 */
export function setting<T>(options: RepeatableOptions<T>): Setting<readonly T[]>
export function setting<T>(options: RequiredOptions<T> | DefaultedOptions<T>): Setting<T>
export function setting<T>(options: OptionalOptions<T>): Setting<T | undefined>
export function setting<T>(
  options: RepeatableOptions<T> | RequiredOptions<T> | DefaultedOptions<T> | OptionalOptions<T>,
): Setting<readonly T[] | T | undefined> {
  return {
    ...commonParts(options),
    valueName: options.valueName,
    isSecret: options.secret ?? false,
    isRepeatable: options.repeatable ?? false,
    isRequired: options.required ?? false,
    defaultTexts: options.default === undefined ? [] : [options.default].flat(),
    schema: options.schema,
  }
}

/**
 * A setting that is on or off, off by default. Its flag takes no value on the command line; the environment variable is
 * `true`, `false`, `1` or `0`.
 */
export function booleanSetting(options: CommonOptions): Setting<boolean> {
  return {
    ...commonParts(options),
    valueName: undefined,
    isSecret: false,
    isRepeatable: false,
    isRequired: false,
    defaultTexts: ['false'],
    schema: oneOf(['true', 'false', '1', '0']).transform((word) => word === 'true' || word === '1'),
  }
}

/**
 * The table of a program's settings, frozen. Refuses what could never work, so that a mistake in a table shows in the
 * first test that imports it.
 *
 * @throws {TypeError} for a flag that is not kebab-case, is taken or reserved (`help`, `version`, `no-…`), a value name
 * without angle brackets, a missing description, or a default that its own schema refuses.
 */
export function defineSettings<const T extends SettingsTable>(table: T): T {
  const flags = new Set(['help', 'version'])
  for (const [name, entry] of Object.entries(table)) {
    const refuse = (reason: string): never => {
      throw new TypeError(`setting ${name}: ${reason}`)
    }
    if (!/^(?!no-)[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(entry.flag))
      refuse(`not a name for a flag: ${entry.flag}`)
    if (flags.has(entry.flag)) refuse(`the flag is taken: ${entry.flag}`)
    flags.add(entry.flag)
    if (entry.description.trim() === '') refuse('has no description')
    if (entry.valueName !== undefined && !/^<[^<>\s]+>$/.test(entry.valueName))
      refuse('valueName must be <…>')
    for (const text of entry.defaultTexts) {
      if (!entry.schema.safeParse(text).success)
        refuse(`its schema refuses its default ${JSON.stringify(text)}`)
    }
    Object.freeze(entry)
  }
  return Object.freeze(table)
}

function commonParts(
  options: CommonOptions,
): Pick<Setting<never>, 'flag' | 'variable' | 'description' | 'group'> {
  return {
    flag: options.flag,
    variable: `${VARIABLE_PREFIX}${options.flag.toUpperCase().replaceAll('-', '_')}`,
    description: options.description,
    group: options.group ?? 'Settings',
  }
}

/** What the names of all environment variables begin with. */
export const VARIABLE_PREFIX = 'WID_'
