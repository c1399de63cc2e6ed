import type {
  AcceptRegistryLoss,
  AssignmentLists,
  AuthenticateSandbox,
  CachedRunners,
  CachedSandboxes,
  ChangeSandbox,
  Clock,
  EndedAssignments,
  FollowedKeyRing,
  Issuer,
  KeyStore,
  PublishedKeys,
  RegisterSandbox,
  RegisterSandboxes,
  RegistryIdentity,
  RemoveKey,
  RenewSandboxSecret,
  RevokeKey,
  RotateByHand,
  RunnerRegistry,
  SandboxRegistry,
  SandboxTokens,
  VouchToken,
} from '@workload-identity/core'
import type { Lifecycle, PeriodicTask } from '@workload-identity/service'
import type { HealthChecks } from '@workload-identity/transport-http'
import type { Logger } from 'pino'
import type { InjectionToken } from 'tsyringe'
import type { AdminTokens } from '../admin-tokens.ts'
import type { AuditLog } from '../audit-log.ts'
import type { IssuerConfig } from '../config.ts'
import type { IssuerListeners } from '../issuer-listeners.ts'
import type { Metrics } from '../metrics.ts'
import type { KeySightings } from '../key-sightings.ts'
import type { LeapWatch } from '../leap-watch.ts'
import type { PublishedCopy } from '../published-copy.ts'
import type { ReplacedRings } from '../replaced-rings.ts'
import type { RotationLoop } from '../rotation-loop.ts'
import type { SealingTask } from '../sealing-task.ts'
import type { RunnerServices } from './servers.ts'

// One token for each role; which object plays it is decided in container.ts alone.

/** The configuration of the process. */
export const CONFIG: InjectionToken<IssuerConfig> = Symbol('IssuerConfig')
/** The log of the process. */
export const LOGGER: InjectionToken<Logger> = Symbol('Logger')
/** The one clock. */
export const CLOCK: InjectionToken<Clock> = Symbol('Clock')
/** Whether that clock leapt ahead. */
export const LEAP_WATCH: InjectionToken<LeapWatch> = Symbol('LeapWatch')
/** Who may administer. */
export const ADMIN_TOKENS: InjectionToken<AdminTokens> = Symbol('AdminTokens')
/** Where audit events go. */
export const AUDIT_LOG: InjectionToken<AuditLog> = Symbol('AuditLog')
/** Where the ring is kept, its failures counted. */
export const KEY_STORE: InjectionToken<KeyStore> = Symbol('KeyStore')
/** Which registry the store holds. */
export const REGISTRY_IDENTITY: InjectionToken<RegistryIdentity> = Symbol('RegistryIdentity')
/** Notes about what runners lost, failures counted. */
export const ENDED_ASSIGNMENTS: InjectionToken<EndedAssignments> = Symbol('EndedAssignments')
/** The registered sandboxes and what is remembered of them. */
export const CACHED_SANDBOXES: InjectionToken<CachedSandboxes> = Symbol('CachedSandboxes')
/** The registered sandboxes, failures counted. */
export const SANDBOXES: InjectionToken<SandboxRegistry> = Symbol('SandboxRegistry')
/** The registered runners as the store has them, failures counted. */
export const STORED_RUNNERS: InjectionToken<RunnerRegistry> = Symbol('StoredRunners')
/** The registered runners and what is remembered of them: for who asks often. */
export const CACHED_RUNNERS: InjectionToken<CachedRunners> = Symbol('CachedRunners')
/** The registered runners: for who administers. */
export const RUNNERS: InjectionToken<RunnerRegistry> = Symbol('RunnerRegistry')
/** What is assigned to each runner. */
export const ASSIGNMENT_LISTS: InjectionToken<AssignmentLists> = Symbol('AssignmentLists')
/** What runners get, and what admins do with them. */
export const RUNNER_SERVICES: InjectionToken<RunnerServices> = Symbol('RunnerServices')
/** The ring in use. */
export const KEY_RING: InjectionToken<FollowedKeyRing> = Symbol('FollowedKeyRing')
/** What is counted. */
export const METRICS: InjectionToken<Metrics> = Symbol('Metrics')
/** Mints and describes. */
export const ISSUER: InjectionToken<Issuer> = Symbol('Issuer')
/** What the JWKS endpoint serves. */
export const PUBLISH_KEYS: InjectionToken<() => PublishedKeys> = Symbol('PublishKeys')
/** Finds the sandbox of a secret. */
export const AUTHENTICATE_SANDBOX: InjectionToken<AuthenticateSandbox> = Symbol('AuthenticateSandbox')
/** What the token endpoint offers. */
export const SANDBOX_TOKENS: InjectionToken<SandboxTokens> = Symbol('SandboxTokens')
/** Registers sandboxes. */
export const REGISTER_SANDBOX: InjectionToken<RegisterSandbox> = Symbol('RegisterSandbox')
/** Registers many sandboxes at once. */
export const REGISTER_SANDBOXES: InjectionToken<RegisterSandboxes> = Symbol('RegisterSandboxes')
/** Changes sandboxes. */
export const CHANGE_SANDBOX: InjectionToken<ChangeSandbox> = Symbol('ChangeSandbox')
/** Gives sandboxes new secrets. */
export const RENEW_SANDBOX_SECRET: InjectionToken<RenewSandboxSecret> = Symbol('RenewSandboxSecret')
/** Mints on an admin's word. */
export const VOUCH_TOKEN: InjectionToken<VouchToken> = Symbol('VouchToken')
/** Accepts that the registry is lost. */
export const ACCEPT_REGISTRY_LOSS: InjectionToken<AcceptRegistryLoss> = Symbol('AcceptRegistryLoss')
/** Liveness and readiness. */
export const HEALTH: InjectionToken<HealthChecks> = Symbol('HealthChecks')
/** Seals anew what is sealed otherwise than configured. */
export const SEALING_TASK: InjectionToken<SealingTask> = Symbol('SealingTask')
/** The three HTTP servers and where they listen. */
export const LISTENERS: InjectionToken<IssuerListeners> = Symbol('Listeners')
/** What saves of the ring replaced, and its end. */
export const REPLACED_RINGS: InjectionToken<ReplacedRings> = Symbol('ReplacedRings')
/** Who has seen the next key. */
export const KEY_SIGHTINGS: InjectionToken<KeySightings> = Symbol('KeySightings')
/** The copy of the published documents elsewhere. */
export const PUBLISHED_COPY: InjectionToken<PublishedCopy> = Symbol('PublishedCopy')
/** The loop that rotates the keys. */
export const ROTATION_LOOP: InjectionToken<RotationLoop> = Symbol('RotationLoop')
/** Rotates on an admin's word. */
export const ROTATE_BY_HAND: InjectionToken<RotateByHand> = Symbol('RotateByHand')
/** Takes a key out at once. */
export const REVOKE_KEY: InjectionToken<RevokeKey> = Symbol('RevokeKey')
/** Removes a retired key before its time. */
export const REMOVE_KEY: InjectionToken<RemoveKey> = Symbol('RemoveKey')
/** The loop that reads the ring. */
export const RING_REFRESH: InjectionToken<PeriodicTask> = Symbol('RingRefresh')
/** Everything that is done again and again. */
export const PERIODIC_TASKS: InjectionToken<readonly PeriodicTask[]> = Symbol('PeriodicTasks')
/** Start and stop of everything. */
export const LIFECYCLE: InjectionToken<Lifecycle> = Symbol('Lifecycle')
