import {
  createSecretReader,
  findPlaintextProblems,
  findSharedAddresses,
  findTlsProblems,
} from '@workload-identity/service'
import { checkBetween, type Environment, type SettingsCheck } from '@workload-identity/settings'
import { readClientTls, readRunnerSecret } from './client-credentials.ts'
import { settingsTable } from './settings-table.ts'

type Check = SettingsCheck<typeof settingsTable>

const proofCheck: Check = checkBetween(
  settingsTable,
  ['runnerSecretFile', 'tlsCert', 'tlsKey'],
  ({ runnerSecretFile, tlsCert, tlsKey }) => {
    const hasCertificate = tlsCert !== undefined || tlsKey !== undefined
    if (runnerSecretFile === undefined && !hasCertificate) {
      return [
        'nothing proves this runner to the issuer: give --runner-secret-file, or --tls-cert and --tls-key for mTLS',
      ]
    }
    if (runnerSecretFile !== undefined && hasCertificate) {
      return ['--runner-secret-file and --tls-cert both prove this runner: give one of them']
    }
    return findTlsProblems(tlsCert, tlsKey)
  },
)

const authorityCheck: Check = checkBetween(settingsTable, ['tlsCa'], ({ tlsCa }) =>
  tlsCa === undefined ? [] : findProblems(() => readClientTls({ caPath: tlsCa })),
)

const issuerTlsCheck: Check = checkBetween(
  settingsTable,
  ['issuerControlUrl', 'tlsCa', 'tlsCert', 'allowPlaintext'],
  ({ issuerControlUrl: url, tlsCa, tlsCert, allowPlaintext }) => {
    const unused = [tlsCa === undefined ? '' : '--tls-ca', tlsCert === undefined ? '' : '--tls-cert']
    const needless = unused.filter((flag) => flag !== '' && !url.isTls)
    return [
      ...needless.map((flag) => `${flag} is for an issuer at https, and --issuer-control-url is ${url.text}`),
      ...(url.isExposed && !allowPlaintext.includes('issuer')
        ? [
            `${url.text} would get secrets and send tokens in plain text: use https, or --allow-plaintext issuer when something else protects the traffic`,
          ]
        : []),
    ]
  },
)

const listenerTlsCheck: Check = checkBetween(
  settingsTable,
  ['tokenTlsCert', 'tokenTlsKey'],
  ({ tokenTlsCert, tokenTlsKey }) => findTlsProblems(tokenTlsCert, tokenTlsKey),
)

const plaintextChecks: readonly Check[] = (['token', 'control'] as const).map((listener) => {
  const name = listener === 'token' ? 'tokenListen' : 'controlListen'
  return checkBetween(settingsTable, [name, 'tokenTlsCert', 'allowPlaintext'], (settings) =>
    findPlaintextProblems({
      address: settings[name],
      hasTls: settings.tokenTlsCert !== undefined,
      isPlaintextAllowed: settings.allowPlaintext.includes(listener),
      name: listener,
      tlsFlags: '--token-tls-cert and --token-tls-key',
    }),
  )
})

const addressCheck: Check = checkBetween(
  settingsTable,
  ['tokenListen', 'controlListen'],
  ({ tokenListen, controlListen }) => findSharedAddresses([tokenListen, controlListen]),
)

/** Everything that must hold between settings of a runner proxy, and of the files they name. */
export function createConfigChecks(env: Environment): readonly Check[] {
  const secretCheck = checkBetween(settingsTable, ['runnerSecretFile'], ({ runnerSecretFile }) =>
    runnerSecretFile === undefined
      ? []
      : findProblems(() => readRunnerSecret(createSecretReader(runnerSecretFile, env))),
  )
  return [
    proofCheck,
    secretCheck,
    authorityCheck,
    issuerTlsCheck,
    listenerTlsCheck,
    ...plaintextChecks,
    addressCheck,
  ]
}

function findProblems(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : 'it cannot be read']
  }
}
