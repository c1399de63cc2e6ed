import type { ConfigOf, SettingsTable } from './define-settings.ts'

/** A check between settings; made by {@link checkBetween}. */
export interface SettingsCheck<T extends SettingsTable> {
  /** The settings it is about. It runs only when each of them was read without a mistake. */
  readonly settings: readonly (keyof T & string)[]
  readonly findProblems: (config: ConfigOf<T>) => readonly string[]
}

/**
 * A check that sees the named settings and gives a sentence for each mistake between them. It runs also when other
 * settings are wrong, so that all mistakes are told at once, but not when one of its own was refused. An `IssuerError`
 * it throws counts as one problem with that message, so the assertions of core can be used as they are.
 */
export function checkBetween<T extends SettingsTable, const K extends keyof T & string>(
  table: T,
  settings: readonly K[],
  findProblems: (config: Pick<ConfigOf<T>, K>) => readonly string[],
): SettingsCheck<T> {
  const unknown = settings.find((name) => !Object.hasOwn(table, name))
  if (unknown !== undefined) throw new TypeError(`no setting of the table: ${unknown}`)
  return { settings, findProblems }
}
