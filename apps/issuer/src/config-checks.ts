import { assertTtlPolicy, DISCOVERY_PATH, JWKS_PATH, rotationPolicyProblems } from '@workload-identity/core'
import {
  checkBetween,
  formatListenAddress,
  isLoopback,
  type ListenAddress,
  type SettingsCheck,
} from '@workload-identity/settings'
import { readTlsFiles } from '@workload-identity/transport-http'
import { toRotationPolicy, toTtlPolicy } from './config-policies.ts'
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
  return checkBetween(settingsTable, [name, 'tlsCert', 'allowPlaintext'], (settings) => {
    const address = settings[name]
    if (isLoopback(address) || settings.tlsCert !== undefined) return []
    if (settings.allowPlaintext.includes(listener)) return []
    return [
      `${formatListenAddress(address)} is beyond loopback and would carry secrets in plain text: give --tls-cert and --tls-key, or --allow-plaintext ${listener} when something else protects the traffic`,
    ]
  })
})

const addressCheck: Check = checkBetween(
  settingsTable,
  ['publicListen', 'tokenListen', 'controlListen'],
  ({ publicListen, tokenListen, controlListen }) => {
    const addresses = [publicListen, tokenListen, controlListen].filter(isFixed).map(formatListenAddress)
    const twice = addresses.find((address, index) => addresses.indexOf(address) !== index)
    return twice === undefined ? [] : [`two listeners have the address ${twice}; each needs its own`]
  },
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
]

function isFixed(address: ListenAddress): boolean {
  return address.kind === 'unix' || address.port !== 0
}

function findTlsProblems(certPath: string | undefined, keyPath: string | undefined): readonly string[] {
  if (certPath === undefined && keyPath === undefined) return []
  if (certPath === undefined || keyPath === undefined) {
    return ['a certificate and its private key belong together: give both or neither']
  }
  try {
    readTlsFiles({ certPath, keyPath })
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : 'the files cannot be used']
  }
}

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
