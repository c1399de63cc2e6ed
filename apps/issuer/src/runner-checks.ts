import { checkBetween, type SettingsCheck } from '@workload-identity/settings'
import { readTlsFiles } from '@workload-identity/transport-http'
import { settingsTable } from './settings-table.ts'

type Check = SettingsCheck<typeof settingsTable>

const clientCaCheck: Check = checkBetween(
  settingsTable,
  ['clientCa', 'tlsCert', 'tlsKey', 'controlListen'],
  ({ clientCa, tlsCert: certPath, tlsKey: keyPath, controlListen }) => {
    if (clientCa === undefined) return []
    if (controlListen.kind === 'unix') {
      return ['client certificates need TLS, and --control-listen is a socket: leave --client-ca out']
    }
    if (certPath === undefined || keyPath === undefined) {
      return ['client certificates need TLS on the control listener: give --tls-cert and --tls-key']
    }
    try {
      readTlsFiles({ certPath, keyPath, clientCaPath: clientCa })
      return []
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the file cannot be used'
      // What is wrong with the others is told by their own check.
      return message.includes(clientCa) ? [message] : []
    }
  },
)

const systemWorkloadCheck: Check = checkBetween(
  settingsTable,
  ['systemWorkloads', 'allowedAudiences'],
  ({ systemWorkloads, allowedAudiences }) => {
    const seen = new Set<string>()
    return systemWorkloads.flatMap(({ workload, audiences }) => {
      const isRepeated = seen.has(workload)
      seen.add(workload)
      const refused = audiences.filter(
        (audience) => allowedAudiences.length > 0 && !allowedAudiences.includes(audience),
      )
      return [
        ...(isRepeated ? [`the system workload ${workload} is configured twice`] : []),
        ...refused.map(
          (audience) => `the audience ${audience} of the system workload ${workload} is not an allowed one`,
        ),
      ]
    })
  },
)

/** Everything that must hold between settings that are about runners. */
export const runnerChecks: readonly Check[] = [clientCaCheck, systemWorkloadCheck]
