import {
  resolveIssuerUrl,
  type AdoptMode,
  type IssuerUrl,
  type KeySpecification,
  type ResolvedIssuerUrl,
  type RotationPolicy,
  type SealingMode,
  type SystemWorkloadRule,
  type TtlPolicy,
} from '@workload-identity/core'
import { createSecretReader, toTlsPaths, type SecretReader } from '@workload-identity/service'
import {
  checkBetween,
  readSettings,
  type Cidr,
  type ConfigOf,
  type Environment,
  type ListenAddress,
  type StoreLocation,
} from '@workload-identity/settings'
import type { TlsFilePaths } from '@workload-identity/transport-http'
import { configChecks } from './config-checks.ts'
import { toRotationPolicy, toTtlPolicy } from './config-policies.ts'
import { fileChecks } from './file-checks.ts'
import { createRedisCheck, toRedisConfig, type RedisConfig } from './redis-config.ts'
import { readRegistrationFile, type Registration } from './registration-file.ts'
import { createSealingCheck } from './sealing-check.ts'
import { settingsTable } from './settings-table.ts'
import { version } from './version.ts'

/** Everything an issuer is told at start, checked and frozen. */
export interface IssuerConfig {
  readonly issuerUrl: IssuerUrl
  /** Another URL for which discovery is served. */
  readonly announceIssuer?: IssuerUrl
  /** The stored URL that the issuer URL takes the place of. */
  readonly moveIssuerFrom?: IssuerUrl
  /** What decided the issuer URL. */
  readonly issuerUrlSource: ResolvedIssuerUrl['source']
  readonly organizationId?: string
  readonly clusterId?: string
  readonly defaultAudience?: string
  /** Absent = any audience. Never empty. */
  readonly allowedAudiences?: readonly string[]
  readonly ttl: TtlPolicy
  readonly rotation: RotationPolicy
  readonly signingAlgorithm: KeySpecification
  /** Below it verifiers find a copy of the published documents. */
  readonly publishedAt?: string
  /** Verifiers that a next key waits for. */
  readonly holdPromotionFor: readonly string[]
  readonly store: StoreLocation
  readonly redis: RedisConfig
  readonly allowNetworkFileSystem: boolean
  readonly requireKeys: boolean
  /** Folder of an existing cluster whose keys are taken over into an empty store. */
  readonly adoptKeys?: string
  readonly adoptMode: AdoptMode
  /** How the store is sealed. The keys are read again where they are needed, so that no configuration holds one. */
  readonly sealing: SealingConfig
  readonly publicListen: ListenAddress
  readonly tokenListen: ListenAddress
  readonly controlListen: ListenAddress
  /** The token endpoint as sandboxes see it; absent = where it listens. */
  readonly tokenUrl?: string
  readonly jwksAliases: readonly string[]
  readonly trustedProxies: readonly Cidr[]
  /** TLS of the public listener. */
  readonly publicTls?: TlsFilePaths
  /** TLS of the token and control listeners, unless they are sockets. */
  readonly tls?: TlsFilePaths
  /** The authorities of client certificates on the control listener; absent = runners prove themselves by their secret. */
  readonly clientCa?: string
  /** Parts of the platform that runners get tokens for. */
  readonly systemWorkloads: readonly SystemWorkloadRule[]
  readonly adminTokenFile: string
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly auditLog?: string
}

/** How the store is sealed, as configured. */
export interface SealingConfig {
  readonly mode: SealingMode
  /** The first key seals, all of them open; none = the store is not sealed. */
  readonly keys: readonly SecretReader[]
}

/** The configuration, or a text that was asked for instead (`--help`, `--version`). */
export type ConfigReading =
  | { readonly kind: 'config'; readonly config: IssuerConfig }
  | { readonly kind: 'text'; readonly text: string }

type Settings = ConfigOf<typeof settingsTable>

/** The name of the program, as its bin has it. */
export const PROGRAM_NAME = 'workload-identity-issuer'

/**
 * Reads the configuration from flags and environment, and the files that it names: registration and TLS. Looks
 * at the other files that a start needs, and makes none.
 *
 * @param argv the arguments without node and script.
 * @throws {SettingsError} with all mistakes at once.
 */
export function readConfig(argv: readonly string[], env: Environment): ConfigReading {
  let registration: Registration = {}
  let resolved: ResolvedIssuerUrl | undefined
  const identityCheck = checkBetween(
    settingsTable,
    ['issuerUrl', 'registrationFile', 'tlsNames', 'announceIssuer', 'moveIssuerFrom'],
    (settings) => {
      if (settings.registrationFile !== undefined) {
        const reading = readRegistrationFile(settings.registrationFile)
        if ('problems' in reading) return reading.problems
        registration = reading.registration
      }
      resolved = resolveIssuerUrl({
        ...(settings.issuerUrl !== undefined && { explicit: settings.issuerUrl }),
        ...(registration.hostname !== undefined && { registrationHostname: registration.hostname }),
        tlsNames: settings.tlsNames,
      })
      return findMoveProblems(resolved.issuerUrl, settings)
    },
  )
  const result = readSettings(settingsTable, {
    programName: PROGRAM_NAME,
    version,
    description: 'OIDC issuer of a cluster: signs tokens for its sandboxes and publishes its keys.',
    argv,
    env,
    checks: [
      identityCheck,
      createRedisCheck(argv, env),
      createSealingCheck(env),
      ...configChecks,
      ...fileChecks,
    ],
  })
  if (result.kind !== 'config') return { kind: 'text', text: result.text }
  if (resolved === undefined) throw new TypeError('the check of the issuer URL did not run')
  return { kind: 'config', config: toConfig(result.config, resolved, registration, env) }
}

function toConfig(
  settings: Settings,
  { issuerUrl, source }: ResolvedIssuerUrl,
  registration: Registration,
  env: Environment,
): IssuerConfig {
  const organizationId = settings.organizationId ?? registration.organization_id
  const clusterId = settings.clusterId ?? registration.cluster_id
  const publicTls = toTlsPaths(settings.publicTlsCert, settings.publicTlsKey)
  const tls = toTlsPaths(settings.tlsCert, settings.tlsKey)
  return Object.freeze({
    issuerUrl,
    issuerUrlSource: source,
    ...(settings.announceIssuer !== undefined && { announceIssuer: settings.announceIssuer }),
    ...(settings.moveIssuerFrom !== undefined && { moveIssuerFrom: settings.moveIssuerFrom }),
    ...(organizationId !== undefined && { organizationId }),
    ...(clusterId !== undefined && { clusterId }),
    ...(settings.defaultAudience !== undefined && { defaultAudience: settings.defaultAudience }),
    ...(settings.allowedAudiences.length > 0 && { allowedAudiences: settings.allowedAudiences }),
    ttl: toTtlPolicy(settings),
    rotation: toRotationPolicy(settings),
    signingAlgorithm: settings.signingAlgorithm,
    holdPromotionFor: settings.holdPromotionFor,
    ...(settings.publishedAt !== undefined && { publishedAt: settings.publishedAt }),
    store: settings.store,
    redis: toRedisConfig(settings, env),
    allowNetworkFileSystem: settings.allowNetworkFileSystem,
    requireKeys: settings.requireKeys,
    ...(settings.adoptKeys !== undefined && { adoptKeys: settings.adoptKeys }),
    adoptMode: settings.adoptMode,
    sealing: {
      mode: settings.sealing,
      keys: settings.keyEncryptionKeys.map((source) => createSecretReader(source, env)),
    },
    publicListen: settings.publicListen,
    tokenListen: settings.tokenListen,
    controlListen: settings.controlListen,
    ...(settings.tokenUrl !== undefined && { tokenUrl: settings.tokenUrl }),
    jwksAliases: settings.jwksAliases,
    trustedProxies: settings.trustedProxies,
    ...(publicTls !== undefined && { publicTls }),
    ...(tls !== undefined && { tls }),
    ...(settings.clientCa !== undefined && { clientCa: settings.clientCa }),
    systemWorkloads: settings.systemWorkloads,
    adminTokenFile: settings.adminTokenFile,
    logLevel: settings.logLevel,
    ...(settings.auditLog !== undefined && { auditLog: settings.auditLog }),
  })
}

function findMoveProblems(
  issuerUrl: IssuerUrl,
  { announceIssuer, moveIssuerFrom }: Pick<Settings, 'announceIssuer' | 'moveIssuerFrom'>,
): readonly string[] {
  return [
    ...(announceIssuer === issuerUrl
      ? ['--announce-issuer names the issuer URL itself: leave it out once the issuer has moved']
      : []),
    ...(moveIssuerFrom === issuerUrl
      ? ['--move-issuer-from names the issuer URL itself: set --issuer-url to the new one']
      : []),
  ]
}
