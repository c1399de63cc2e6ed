import { assertTtlPolicy, DISCOVERY_PATH, JWKS_PATH, rotationPolicyProblems } from '@workload-identity/core'
import { findPlaintextProblems, findSharedAddresses, findTlsProblems } from '@workload-identity/service'
import { checkBetween, type SettingsCheck } from '@workload-identity/settings'
import { toRotationPolicy, toTtlPolicy } from './config-policies.ts'
import { runnerChecks } from './runner-checks.ts'
import { settingsTable } from './settings-table.ts'

type Check = SettingsCheck<typeof settingsTable>

const ttlCheck: Check = checkBetween(settingsTable, ['defaultTtl', 'maxTtl'], (settings) => {
  assertTtlPolicy(toTtlPolicy(settings))
  return []
})

const rotationCheck: Check = checkBetween(
  settingsTable,
  ['activeFor', 'publishAhead', 'keepRetired', 'jwksMaxAge', 'staleIfError', 'storeLag', 'maxTtl'],
  (settings) => rotationPolicyProblems(toRotationPolicy(settings), settings.maxTtl).map(nameFlags),
)

const audienceCheck: Check = checkBetween(
  settingsTable,
  ['defaultAudience', 'allowedAudiences'],
  ({ defaultAudience, allowedAudiences }) => {
    const problems: string[] = []
    if (new Set(allowedAudiences).size < allowedAudiences.length) {
      problems.push('an allowed audience is given twice')
    }
    if (
      defaultAudience !== undefined &&
      allowedAudiences.length > 0 &&
      !allowedAudiences.includes(defaultAudience)
    ) {
      problems.push('the default audience is not one of the allowed ones: add it to them or choose another')
    }
    return problems
  },
)

const aliasCheck: Check = checkBetween(
  settingsTable,
  ['jwksAliases', 'issuerUrl'],
  ({ jwksAliases, issuerUrl }) => {
    const base = issuerUrl === undefined ? '' : new URL(issuerUrl).pathname.replace(/\/$/, '')
    const taken = new Set([base + DISCOVERY_PATH, base + JWKS_PATH])
    return jwksAliases.flatMap((alias) => {
      const isTaken = taken.has(alias)
      taken.add(alias)
      return isTaken ? [`the path ${alias} is served already`] : []
    })
  },
)

const publicTlsCheck: Check = checkBetween(
  settingsTable,
  ['publicTlsCert', 'publicTlsKey'],
  ({ publicTlsCert, publicTlsKey }) => findTlsProblems(publicTlsCert, publicTlsKey),
)

const tlsCheck: Check = checkBetween(settingsTable, ['tlsCert', 'tlsKey'], ({ tlsCert, tlsKey }) =>
  findTlsProblems(tlsCert, tlsKey),
)

const plaintextChecks: readonly Check[] = (['token', 'control'] as const).map((listener) => {
  const name = listener === 'token' ? 'tokenListen' : 'controlListen'
  return checkBetween(settingsTable, [name, 'tlsCert', 'allowPlaintext'], (settings) =>
    findPlaintextProblems({
      address: settings[name],
      hasTls: settings.tlsCert !== undefined,
      isPlaintextAllowed: settings.allowPlaintext.includes(listener),
      name: listener,
      tlsFlags: '--tls-cert and --tls-key',
    }),
  )
})

const addressCheck: Check = checkBetween(
  settingsTable,
  ['publicListen', 'tokenListen', 'controlListen'],
  ({ publicListen, tokenListen, controlListen }) =>
    findSharedAddresses([publicListen, tokenListen, controlListen]),
)

const adoptionCheck: Check = checkBetween(
  settingsTable,
  ['adoptKeys', 'adoptMode'],
  ({ adoptKeys, adoptMode }) =>
    adoptKeys === undefined && adoptMode !== 'default'
      ? ['--adopt-mode says how keys are adopted, and --adopt-keys does not say from where']
      : [],
)

/** Everything that must hold between settings of the issuer, besides where its URL comes from. */
export const configChecks: readonly Check[] = [
  ttlCheck,
  rotationCheck,
  audienceCheck,
  aliasCheck,
  publicTlsCheck,
  tlsCheck,
  ...plaintextChecks,
  addressCheck,
  adoptionCheck,
  ...runnerChecks,
]

/** Core speaks of the members of a policy; an operator knows them by their flags. */
function nameFlags(problem: string): string {
  const flags: Readonly<Record<string, string>> = {
    activeFor: settingsTable.activeFor.flag,
    publishAhead: settingsTable.publishAhead.flag,
    keepRetired: settingsTable.keepRetired.flag,
    jwksMaxAge: settingsTable.jwksMaxAge.flag,
    staleIfError: settingsTable.staleIfError.flag,
    storeLag: settingsTable.storeLag.flag,
    'the maximum TTL': settingsTable.maxTtl.flag,
  }
  return Object.entries(flags).reduce((text, [name, flag]) => text.replaceAll(name, `--${flag}`), problem)
}
