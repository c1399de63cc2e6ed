import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { isIssuerError } from '@workload-identity/core'
import { findOwnerId, pickHookEnvironment, type TokenFileOwner } from '@workload-identity/runner'
import { ConfigurationError } from '@workload-identity/service'
import {
  checkBetween,
  type ConfigOf,
  type Environment,
  type SettingsCheck,
} from '@workload-identity/settings'
import { settingsTable } from './settings-table.ts'
import { tokenFileSettings } from './token-file-settings.ts'

/** Where token files are and whose they are, as configured. */
export interface TokenFileConfig {
  readonly directory: string
  /** Names or numbers. */
  readonly user?: string
  readonly group?: string
  readonly writeInPlace: boolean
  readonly onRefresh?: { readonly program: string; readonly environment: Readonly<Record<string, string>> }
}

const names = ['tokenDir', 'tokenFileUser', 'tokenFileGroup', 'writeTokensInPlace', 'onRefresh'] as const

/** What must hold between the settings of token files: they are about some, and the program can be run. */
export const tokenFileCheck: SettingsCheck<typeof settingsTable> = checkBetween(
  settingsTable,
  names,
  ({ tokenDir, tokenFileUser, tokenFileGroup, writeTokensInPlace, onRefresh }) => {
    const given = [
      tokenFileUser !== undefined && tokenFileSettings.tokenFileUser,
      tokenFileGroup !== undefined && tokenFileSettings.tokenFileGroup,
      writeTokensInPlace && tokenFileSettings.writeTokensInPlace,
      onRefresh !== undefined && tokenFileSettings.onRefresh,
    ].filter((setting) => setting !== false)
    return [
      ...(tokenDir === undefined
        ? given.map(
            ({ flag }) => `--${flag} is about token files, and --token-dir does not say where they are`,
          )
        : []),
      ...(onRefresh === undefined ? [] : findProgramProblems(onRefresh)),
    ]
  },
)

/** What the settings say of token files; `undefined` when there are none. */
export function toTokenFileConfig(
  settings: Pick<ConfigOf<typeof settingsTable>, (typeof names)[number]>,
  env: Environment,
): TokenFileConfig | undefined {
  const { tokenDir, tokenFileUser: user, tokenFileGroup: owningGroup, onRefresh } = settings
  if (tokenDir === undefined) return undefined
  return {
    directory: resolve(tokenDir),
    ...(user !== undefined && { user }),
    ...(owningGroup !== undefined && { group: owningGroup }),
    writeInPlace: settings.writeTokensInPlace,
    ...(onRefresh !== undefined && {
      onRefresh: { program: onRefresh, environment: pickHookEnvironment(env) },
    }),
  }
}

/**
 * The numbers of user and group.
 *
 * @throws {ConfigurationError} when there is none of that name.
 */
export async function findTokenFileOwner({
  user,
  group,
}: Pick<TokenFileConfig, 'user' | 'group'>): Promise<TokenFileOwner> {
  try {
    return {
      ...(user !== undefined && { uid: await findOwnerId('user', user) }),
      ...(group !== undefined && { gid: await findOwnerId('group', group) }),
    }
  } catch (error) {
    if (isIssuerError(error, 'ERR_POLICY_INVALID')) throw new ConfigurationError(error.message)
    throw error
  }
}

/** A name without a slash is looked for on the PATH, at its time. */
function findProgramProblems(program: string): readonly string[] {
  if (!program.includes('/')) return []
  try {
    accessSync(program, constants.X_OK)
    return []
  } catch {
    return [`${program} is not a program that can be run`]
  }
}
