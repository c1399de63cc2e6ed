import { checkBetween, type SettingsCheck } from '@workload-identity/settings'
import { findAdminTokenProblem, findMissingAdminTokens } from './admin-tokens.ts'
import { findAuditLogProblem } from './audit-log.ts'
import { settingsTable } from './settings-table.ts'

/**
 * What must hold of the files that are opened at start, so that what is wrong with them is told with all other mistakes.
 * They are only looked at: nothing is made for a configuration that is refused.
 */
export const fileChecks: readonly SettingsCheck<typeof settingsTable>[] = [
  checkBetween(settingsTable, ['adminTokenFile'], ({ adminTokenFile }) =>
    toList(findAdminTokenProblem(adminTokenFile)),
  ),
  checkBetween(settingsTable, ['adminTokenFile', 'store'], ({ adminTokenFile, store }) =>
    toList(findMissingAdminTokens(adminTokenFile, store.engine !== 'redis')),
  ),
  checkBetween(settingsTable, ['auditLog'], ({ auditLog }) =>
    auditLog === undefined ? [] : toList(findAuditLogProblem(auditLog)),
  ),
]

function toList(problem: string | undefined): readonly string[] {
  return problem === undefined ? [] : [problem]
}
