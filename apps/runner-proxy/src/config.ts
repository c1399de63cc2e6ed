import type { RunnerId, Seconds } from '@workload-identity/core'
import { createSecretReader, toTlsPaths, type SecretReader } from '@workload-identity/service'
import {
  readSettings,
  type Cidr,
  type ConfigOf,
  type Environment,
  type ListenAddress,
} from '@workload-identity/settings'
import type { TlsFilePaths } from '@workload-identity/transport-http'
import type { ClientTlsPaths } from './client-credentials.ts'
import { createConfigChecks } from './config-checks.ts'
import { settingsTable } from './settings-table.ts'
import { tokenFileCheck, toTokenFileConfig, type TokenFileConfig } from './token-file-config.ts'
import { version } from './version.ts'

/** Everything a runner proxy is told at start, checked and frozen. */
export interface RunnerProxyConfig {
  /** `http(s)://<host>[:<port>]` or `unix:<path>`. */
  readonly issuerControlUrl: string
  /** Whether that may be http beyond loopback, because something else protects the traffic. */
  readonly allowsPlaintextIssuer: boolean
  readonly runnerId: RunnerId
  /** The secret that proves the runner, read again where it is needed; absent with a client certificate. */
  readonly runnerSecret?: SecretReader
  /** Files for TLS towards the issuer; absent when none are named. */
  readonly clientTls?: ClientTlsPaths
  readonly maxAssignmentAge: Seconds
  readonly tokenListen: ListenAddress
  readonly controlListen: ListenAddress
  /** TLS of both listeners, unless they are sockets. */
  readonly tls?: TlsFilePaths
  /** Absent = no token files. */
  readonly tokenFiles?: TokenFileConfig
  readonly trustedProxies: readonly Cidr[]
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
}

/** The configuration, or a text that was asked for instead (`--help`, `--version`). */
export type ConfigReading =
  | { readonly kind: 'config'; readonly config: RunnerProxyConfig }
  | { readonly kind: 'text'; readonly text: string }

/** The name of the program, as its bin has it. */
export const PROGRAM_NAME = 'workload-identity-runner-proxy'

/**
 * Reads the configuration from flags and environment, and looks at the files that it names. Makes none.
 *
 * @param argv the arguments without node and script.
 * @throws {SettingsError} with all mistakes at once.
 */
export function readConfig(argv: readonly string[], env: Environment): ConfigReading {
  const result = readSettings(settingsTable, {
    programName: PROGRAM_NAME,
    version,
    description: 'Runner proxy of a node: tokens for its sandboxes, minted through the issuer.',
    argv,
    env,
    checks: [...createConfigChecks(env), tokenFileCheck],
  })
  if (result.kind !== 'config') return { kind: 'text', text: result.text }
  return { kind: 'config', config: toConfig(result.config, env) }
}

function toConfig(settings: ConfigOf<typeof settingsTable>, env: Environment): RunnerProxyConfig {
  const { runnerSecretFile, tlsCa } = settings
  const pair = toTlsPaths(settings.tlsCert, settings.tlsKey)
  const tls = toTlsPaths(settings.tokenTlsCert, settings.tokenTlsKey)
  const tokenFiles = toTokenFileConfig(settings, env)
  const hasClientTls = tlsCa !== undefined || pair !== undefined
  return Object.freeze({
    issuerControlUrl: settings.issuerControlUrl.text,
    allowsPlaintextIssuer: settings.allowPlaintext.includes('issuer'),
    runnerId: settings.runnerId,
    ...(runnerSecretFile !== undefined && { runnerSecret: createSecretReader(runnerSecretFile, env) }),
    ...(hasClientTls && {
      clientTls: { ...(tlsCa !== undefined && { caPath: tlsCa }), ...(pair !== undefined && { pair }) },
    }),
    maxAssignmentAge: settings.maxAssignmentAge,
    tokenListen: settings.tokenListen,
    controlListen: settings.controlListen,
    ...(tls !== undefined && { tls }),
    ...(tokenFiles !== undefined && { tokenFiles }),
    trustedProxies: settings.trustedProxies,
    logLevel: settings.logLevel,
  })
}
