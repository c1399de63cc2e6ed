import {
  findRequestedIssuer,
  livingIssuerUrls,
  type AcceptRegistryLoss,
  type ActivationHold,
  type ChangeSandbox,
  type Clock,
  type FollowedKeyRing,
  type Issuer,
  type PublishedKeys,
  type RegisterSandbox,
  type RegisterSandboxes,
  type RemoveKey,
  type RenewSandboxSecret,
  type RevokeKey,
  type RotateByHand,
  type SandboxRegistry,
  type SandboxTokens,
  type VouchToken,
} from '@workload-identity/core'
import {
  createControlServer,
  createPublicServer,
  createTokenServer,
  type ControlServerOptions,
  type HealthChecks,
  type HttpOptions,
} from '@workload-identity/transport-http'
import type { Logger } from 'pino'
import type { AdminTokens } from '../admin-tokens.ts'
import type { AuditLog } from '../audit-log.ts'
import type { IssuerConfig } from '../config.ts'
import type { KeySightings } from '../key-sightings.ts'
import type { CreateServers } from '../issuer-listeners.ts'
import type { Metrics } from '../metrics.ts'

/** What the control server offers to runners, and to admins about them. */
export type RunnerServices = Pick<
  ControlServerOptions,
  | 'runners'
  | 'registerRunner'
  | 'renewRunnerSecret'
  | 'endRunner'
  | 'authenticateRunner'
  | 'runnerTokens'
  | 'listAssignments'
  | 'issueSystemToken'
>

/** What the three servers are made of. */
export interface ServerDependencies {
  readonly config: IssuerConfig
  readonly logger: Logger
  readonly clock: Clock
  readonly issuer: Issuer
  readonly keyRing: FollowedKeyRing
  readonly publishKeys: () => PublishedKeys
  readonly sandboxes: SandboxRegistry
  readonly sandboxTokens: SandboxTokens
  readonly registerSandbox: RegisterSandbox
  readonly registerSandboxes: RegisterSandboxes
  readonly changeSandbox: ChangeSandbox
  readonly renewSandboxSecret: RenewSandboxSecret
  readonly vouchToken: VouchToken
  readonly runnerServices: RunnerServices
  readonly acceptRegistryLoss: AcceptRegistryLoss
  readonly rotateByHand: RotateByHand
  readonly revokeKey: RevokeKey
  readonly removeKey: RemoveKey
  readonly holds: () => readonly ActivationHold[]
  readonly sightings: Pick<KeySightings, 'record' | 'list'>
  readonly adminTokens: AdminTokens
  readonly auditLog: AuditLog
  readonly health: HealthChecks
  readonly metrics: Metrics
}

/** Makes what makes the three servers, once their certificates are read and the token endpoint's URL can be asked for. */
export function createServerFactory(dependencies: ServerDependencies): CreateServers {
  const { config, issuer, keyRing, clock, metrics, logger, auditLog } = dependencies
  return ({ tls: pairs, tokenUrl }) => {
    const http = (tls: HttpOptions['tls']): HttpOptions => ({
      logger,
      ...(tls !== undefined && { tls }),
      trustedProxies: config.trustedProxies,
      onAnswer: (answer) => metrics.recordAnswer(answer),
    })
    return {
      public: createPublicServer({
        issuer,
        publishKeys: dependencies.publishKeys,
        jwksAliases: config.jwksAliases,
        otherIssuerUrls: livingIssuerUrls(keyRing.ring(), clock()),
        findIssuerUrl(request) {
          const ring = keyRing.ring()
          // An issuer that does not move has one URL: nothing to choose from, for every verifier that asks.
          return ring.issuers.length === 1 ? issuer.issuerUrl : findRequestedIssuer(ring, clock(), request)
        },
        onKeysServed: (verifier) => dependencies.sightings.record(verifier),
        http: http(pairs.public),
      }),
      token: createTokenServer({ sandboxTokens: dependencies.sandboxTokens, http: http(pairs.token) }),
      control: createControlServer({
        issuer,
        ring: () => dependencies.keyRing.ring(),
        sandboxes: dependencies.sandboxes,
        clock: dependencies.clock,
        registerSandbox: dependencies.registerSandbox,
        registerSandboxes: dependencies.registerSandboxes,
        changeSandbox: dependencies.changeSandbox,
        renewSandboxSecret: dependencies.renewSandboxSecret,
        vouchToken: dependencies.vouchToken,
        ...dependencies.runnerServices,
        onBatchedMint: (outcome) => metrics.recordBatchedMint(outcome),
        acceptRegistryLoss: dependencies.acceptRegistryLoss,
        rotateByHand: dependencies.rotateByHand,
        revokeKey: dependencies.revokeKey,
        removeKey: dependencies.removeKey,
        rotation: {
          policy: config.rotation,
          maxTtl: config.ttl.maxTtl,
          specification: config.signingAlgorithm,
          holds: dependencies.holds,
          sightings: () => dependencies.sightings.list(),
        },
        authenticateAdmin: (token) => dependencies.adminTokens.authenticate(token),
        tokenUrl,
        cluster: toClusterFacts(config),
        health: dependencies.health,
        metrics: () => metrics.render(),
        onAdminAction(action) {
          logger.info({ ...action }, 'admin action')
          auditLog.write({ event: 'admin_action', ...action })
        },
        http: http(pairs.control),
      }),
    }
  }
}

function toClusterFacts({ organizationId, clusterId, defaultAudience, allowedAudiences, ttl }: IssuerConfig) {
  return {
    ...(organizationId !== undefined && { organizationId }),
    ...(clusterId !== undefined && { clusterId }),
    ...(defaultAudience !== undefined && { defaultAudience }),
    ...(allowedAudiences !== undefined && { allowedAudiences }),
    ttl,
  }
}
