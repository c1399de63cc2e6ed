import type {
  AcceptRegistryLoss,
  ActivationHold,
  AuthenticateRunner,
  ChangeSandbox,
  Clock,
  EndRunner,
  IssueSystemToken,
  Issuer,
  IssuerErrorCode,
  KeyRing,
  KeySpecification,
  ListAssignments,
  RegisterRunner,
  RegisterSandbox,
  RegisterSandboxes,
  RemoveKey,
  RenewRunnerSecret,
  RenewSandboxSecret,
  RevokeKey,
  RotateByHand,
  RotationPolicy,
  RunnerRegistry,
  RunnerTokens,
  SandboxRegistry,
  Seconds,
  TtlPolicy,
  UnixSeconds,
  VouchToken,
} from '@workload-identity/core'
import type { HttpErrorCode } from '@workload-identity/api'
import type { HttpOptions } from './http-options.ts'

/** Who an admin token belongs to. A `read` admin may look at everything and change nothing. */
export interface Admin {
  readonly name: string
  readonly role: 'admin' | 'read'
}

/** What an admin did or tried to do. */
export type AdminActionName =
  | 'sandbox.register'
  | 'sandbox.change'
  | 'sandbox.end'
  | 'sandbox.renew_secret'
  | 'runner.register'
  | 'runner.renew_secret'
  | 'runner.end'
  | 'token.vouch'
  | 'registry.accept_loss'
  | 'keys.rotate'
  | 'keys.revoke'
  | 'keys.remove'

/**
 * One change or vouched token, for an audit log. Holds no secret and no token: an ID that is none, or that looks like a
 * secret or a JWT, is left out.
 */
export interface AdminAction {
  readonly actor: string
  readonly action: AdminActionName
  /** `refused` = nothing was done; `failed` = it is not known whether it was done. */
  readonly outcome: 'done' | 'refused' | 'failed'
  /** Why it was refused or failed. */
  readonly code?: IssuerErrorCode | HttpErrorCode
  readonly sandbox_id?: string
  readonly app?: string
  /** The runner that was registered, changed or ended, or to which a sandbox was to be assigned. */
  readonly runner_id?: string
  /** The runner's sandboxes were to end with it. */
  readonly sandboxes?: 'end'
  /** Of a token that was vouched for: its ID, subject, audience and expiry. */
  readonly jti?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly expires_at?: number
  /** Of an accepted loss: the registry that counts from now on, and the one that was given up. */
  readonly registry_id?: string
  readonly lost_registry_id?: string
  /** The key that was revoked or removed. */
  readonly kid?: string
  /** After a change of keys: the one that signs, and the one that waits. */
  readonly active_kid?: string
  readonly next_kid?: string
  /** The `X-Request-Id` of the answer. */
  readonly request_id: string
  readonly client_address: string
}

/** How a service is doing: it is well when there is no problem. Sentences are shown to whoever asks. */
export interface HealthReport {
  readonly problems: readonly string[]
  /** What is wrong and does not keep it from its work, yet. */
  readonly warnings?: readonly string[]
}

/** Whether the process should be restarted (`live`), and whether it should get requests (`ready`). */
export interface HealthChecks {
  live(): HealthReport
  ready(): HealthReport | Promise<HealthReport>
}

/** Facts of the cluster that `GET /v1/issuer` tells; absent ones were not configured. */
export interface ClusterFacts {
  readonly organizationId?: string
  readonly clusterId?: string
  readonly defaultAudience?: string
  readonly allowedAudiences?: readonly string[]
  readonly ttl: TtlPolicy
}

/** A verifier that was given a key set with the next key, as it names itself. */
export interface KeySighting {
  readonly user_agent: string
  readonly address: string
  readonly first_seen_at: UnixSeconds
  readonly last_seen_at: UnixSeconds
}

/** What decides about the rotation of keys, for `GET /v1/keys/plan`. */
export interface RotationFacts {
  readonly policy: RotationPolicy
  /** The longest life of a token, with which the policy was checked. */
  readonly maxTtl: Seconds
  /** The kind of new keys. */
  readonly specification: KeySpecification
  /** What the next key waits for besides its dates; nothing unless given. */
  readonly holds?: () => readonly ActivationHold[]
  /** Who has seen the next key; nobody unless given. */
  readonly sightings?: () => readonly KeySighting[]
}

/** What the control server needs. */
export interface ControlServerOptions {
  readonly issuer: Pick<Issuer, 'issuerUrl' | 'discoveryDocument'>
  readonly ring: () => KeyRing
  readonly sandboxes: SandboxRegistry
  readonly clock: Clock
  readonly registerSandbox: RegisterSandbox
  readonly registerSandboxes: RegisterSandboxes
  readonly changeSandbox: ChangeSandbox
  readonly renewSandboxSecret: RenewSandboxSecret
  readonly vouchToken: VouchToken
  readonly runners: Pick<RunnerRegistry, 'list' | 'findById'>
  readonly registerRunner: RegisterRunner
  readonly renewRunnerSecret: RenewRunnerSecret
  readonly endRunner: EndRunner
  /** Finds the runner of a secret, or of a client certificate that was proved. */
  readonly authenticateRunner: AuthenticateRunner
  readonly runnerTokens: RunnerTokens
  readonly listAssignments: ListAssignments
  readonly issueSystemToken: IssueSystemToken
  readonly acceptRegistryLoss: AcceptRegistryLoss
  readonly rotateByHand: RotateByHand
  readonly revokeKey: RevokeKey
  readonly removeKey: RemoveKey
  readonly rotation: RotationFacts
  /** Whose admin token this is; must take the same time for all tokens. */
  readonly authenticateAdmin: (token: string) => Admin | undefined
  /** The token endpoint as sandboxes reach it, with `/v1/token`, or `unix:<path>`: for `env`. */
  readonly tokenUrl: () => string
  readonly cluster: ClusterFacts
  readonly health: HealthChecks
  /** The metrics in an exposition format of Prometheus. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
  /** Called before the answer to every change and every vouched token; what it throws fails the request. */
  readonly onAdminAction?: (action: AdminAction) => void
  /** Called with what became of each token that a runner asked for in a batch: `issued`, or why not. */
  readonly onBatchedMint?: (outcome: 'issued' | IssuerErrorCode | HttpErrorCode) => void
  readonly http: HttpOptions
}
