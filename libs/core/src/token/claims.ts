import type { AppId, ClusterId, OrganizationId, SandboxId, SystemWorkload } from '../identifiers.ts'
import { addSeconds, seconds, type Seconds, type UnixSeconds } from '../time.ts'
import { audienceClaim } from './audience.ts'
import { formatSubject, type Subject } from './subject.ts'

/** How far `nbf` lies before `iat`, for verifiers whose clock is behind and that have no leeway. */
export const NOT_BEFORE_LEEWAY = seconds(60)

/** The cluster that issues: the anchor of every token. */
export interface ClusterIdentity {
  readonly issuerUrl: string
  readonly organizationId?: OrganizationId
  readonly clusterId?: ClusterId
}

/** The workload a token is for, as the issuer knows it; never as a caller claims it. */
export type Workload =
  | {
      readonly type: 'sandbox'
      readonly app?: AppId
      readonly sandboxId: SandboxId
      /** Whether `sub` names the sandbox itself or its application. */
      readonly subject: 'sandbox' | 'app'
    }
  | { readonly type: 'system'; readonly workload: SystemWorkload }

/** The claims that follow from who a workload is, without times and audience. */
export interface IdentityClaims {
  readonly iss: string
  readonly sub: string
  readonly organization_id?: string
  readonly cluster_id?: string
  readonly app?: string
  readonly sandbox_id?: string
  readonly system_workload?: string
  readonly identity_type: 'sandbox' | 'system'
}

/** The claims of one token (RFC 7519 §4.1 and the issuer's own); times are Unix seconds. */
export interface IdTokenClaims extends IdentityClaims {
  readonly aud: string | readonly string[]
  readonly iat: UnixSeconds
  readonly nbf: UnixSeconds
  readonly exp: UnixSeconds
  readonly jti: string
}

/** Every claim a token of this issuer can have, in the order in which it has them. */
export const CLAIM_NAMES = [
  'iss',
  'sub',
  'aud',
  'iat',
  'nbf',
  'exp',
  'jti',
  'organization_id',
  'cluster_id',
  'app',
  'sandbox_id',
  'system_workload',
  'identity_type',
] as const satisfies readonly (keyof IdTokenClaims)[]

/** What was granted to one token. */
export interface TokenGrant {
  readonly audience: readonly string[]
  readonly ttl: Seconds
  readonly now: UnixSeconds
  /** A UUID that no other token has. */
  readonly jti: string
}

/**
 * Builds the claims that say who a workload is. Pure.
 *
 * @throws {IssuerError} `ERR_SUBJECT_INVALID` when a value could make two workloads share a subject, or when the subject
 * of an application is wanted for a sandbox that belongs to none.
 */
export function buildIdentityClaims(cluster: ClusterIdentity, workload: Workload): IdentityClaims {
  const { issuerUrl, organizationId, clusterId } = cluster
  const isSandbox = workload.type === 'sandbox'
  return {
    iss: issuerUrl,
    sub: formatSubject(subjectOf(cluster, workload)),
    ...(organizationId !== undefined && { organization_id: organizationId }),
    ...(clusterId !== undefined && { cluster_id: clusterId }),
    ...(isSandbox && workload.app !== undefined && { app: workload.app }),
    ...(isSandbox ? { sandbox_id: workload.sandboxId } : { system_workload: workload.workload }),
    identity_type: workload.type,
  }
}

/** Adds audience, times and ID to the claims of an identity. Pure: the same input always gives the same claims. */
export function buildClaims(identity: IdentityClaims, grant: TokenGrant): IdTokenClaims {
  const { iss, sub, ...rest } = identity
  return {
    iss,
    sub,
    aud: audienceClaim(grant.audience),
    iat: grant.now,
    nbf: addSeconds(grant.now, seconds(-NOT_BEFORE_LEEWAY)),
    exp: addSeconds(grant.now, grant.ttl),
    jti: grant.jti,
    ...rest,
  }
}

function subjectOf({ organizationId, clusterId }: ClusterIdentity, workload: Workload): Subject {
  const organization = organizationId === undefined ? {} : { organizationId }
  if (workload.type === 'system') {
    const cluster = clusterId === undefined ? {} : { clusterId }
    return { form: 'system', ...organization, ...cluster, workload: workload.workload }
  }
  if (workload.subject === 'app') {
    return { form: 'app', ...organization, app: workload.app as AppId }
  }
  const app = workload.app === undefined ? {} : { app: workload.app }
  return { form: 'sandbox', ...organization, ...app, sandboxId: workload.sandboxId }
}
