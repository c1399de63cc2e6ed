import { assertKeyEncryptionKey, isIssuerError } from '@workload-identity/core'
import { createSecretReader } from '@workload-identity/service'
import { checkBetween, type Environment, type SettingsCheck } from '@workload-identity/settings'
import { settingsTable } from './settings-table.ts'

/** What must hold between the settings about sealing: every key can be read and is one, and a mode is about keys. */
export function createSealingCheck(env: Environment): SettingsCheck<typeof settingsTable> {
  return checkBetween(settingsTable, ['keyEncryptionKeys', 'sealing'], ({ keyEncryptionKeys, sealing }) => {
    if (keyEncryptionKeys.length === 0 && sealing !== 'strict') {
      return [
        `--sealing ${sealing} needs the key: give --key-encryption-key-file, too (a seal is taken off only by who can open it)`,
      ]
    }
    return keyEncryptionKeys.flatMap((source) => {
      const reader = createSecretReader(source, env)
      try {
        assertKeyEncryptionKey(reader.read())
        return []
      } catch (error) {
        if (isIssuerError(error)) return [`${reader.where}: ${error.message}`]
        return [error instanceof Error ? error.message : `${source.name} cannot be read`]
      }
    })
  })
}
