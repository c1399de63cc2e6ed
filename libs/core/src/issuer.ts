import { buildDiscoveryDocument, type DiscoveryDocument } from './discovery.ts'
import { IssuerError } from './errors.ts'
import { parseIdentifier } from './identifiers.ts'
import { parseIssuerUrl, type IssuerUrl } from './issuer-url.ts'
import { toPublicJwk, toPublicJwks, type Jwks, type PublishedJwk } from './key-ring/jwks.ts'
import { livingIssuerUrls } from './key-ring/issuer-urls.ts'
import { activeKey, currentIssuerUrl, type KeyRing } from './key-ring/key-ring.ts'
import type { IssuedToken, TokenIssuer, TokenOptions } from './ports/token-issuer.ts'
import type { TokenSigner } from './ports/token-signer.ts'
import type { Clock, Seconds } from './time.ts'
import { parseAudiences, resolveAudience, type AudiencePolicy } from './token/audience.ts'
import {
  buildClaims,
  buildIdentityClaims,
  type ClusterIdentity,
  type IdentityClaims,
  type IdTokenClaims,
  type Workload,
} from './token/claims.ts'
import { createLocalSigner } from './token/sign.ts'
import { assertTtlPolicy, DEFAULT_TTL, MAX_TTL, resolveTtl, type TtlPolicy } from './token/ttl.ts'
import { verifyIdToken, type VerifyTokenOptions } from './token/verify.ts'

/** What an issuer is made of. */
export interface IssuerOptions {
  /** The key ring as it is now; asked at every call, so that a changed ring takes effect at once. */
  readonly ring: () => KeyRing
  /** The ring to sign with, when signing needs more than publishing (a fresh read); `ring` unless given. */
  readonly signingRing?: () => KeyRing
  /** The `iss` of every token, in canonical form; must be the current one of the ring. */
  readonly issuerUrl: string
  readonly organizationId?: string
  readonly clusterId?: string
  readonly clock: Clock
  /** The audience of tokens for which none is asked; the issuer URL unless given. */
  readonly defaultAudience?: string
  /** The only audiences that may be asked for; any unless given. An empty list is refused. */
  readonly allowedAudiences?: readonly string[]
  /** Default and longest life of tokens; 3600 s and 86400 s unless given. */
  readonly ttl?: TtlPolicy
  /** Signs instead of the active key of the ring. */
  readonly signer?: TokenSigner
  /** How long a replica may go on signing with a key that retired, when old tokens are judged; 300 s unless given. */
  readonly storeLag?: Seconds
}

/** Limits of one workload, narrower than those of its cluster. */
export interface WorkloadLimits {
  readonly allowed_audiences?: readonly string[]
  readonly max_ttl?: number
}

/** A token with the claims it carries, for those who keep an account of what was issued. */
export interface MintedToken {
  readonly token: IssuedToken
  readonly claims: IdTokenClaims
}

/** An issuer of workload identity: mints, publishes its keys, and verifies what it minted. */
export interface Issuer extends TokenIssuer {
  readonly issuerUrl: IssuerUrl
  /** The host of the issuer URL, without port. */
  readonly hostname: string
  /** A token for a workload within its limits. Errors are those of `issueToken`. */
  mint(workload: Workload, options?: TokenOptions, limits?: WorkloadLimits): Promise<MintedToken>
  /** The claims that say who a workload is, as its tokens carry them. Signs nothing. */
  describe(workload: Workload): IdentityClaims
  /** The OpenID Connect discovery document, of another URL of the ring if one is given (see `findRequestedIssuer`). */
  discoveryDocument(issuerUrl?: IssuerUrl): DiscoveryDocument
  /** The public keys that verifiers need now. */
  jwks(): Jwks
  /** The public half of the key that signs now. */
  publicKey(): PublishedJwk
  /**
   * The claims of a token of this issuer, also of one from before it moved here while such are alive; what it must be and
   * how it fails is said at `verifyIdToken`.
   */
  verifyToken(token: string, options: VerifyTokenOptions): Promise<IdTokenClaims>
}

/**
 * Makes an issuer. Pure but for WebCrypto: it reads the time from `clock` alone, once per call.
 *
 * @throws {IssuerError} `ERR_ISSUER_URL_INVALID`, `ERR_ISSUER_URL_CHANGED`, `ERR_IDENTIFIER_INVALID`,
 * `ERR_AUDIENCE_INVALID`, `ERR_POLICY_INVALID` for options that cannot be right.
 */
export function createIssuer(options: IssuerOptions): Issuer {
  const { ring, clock, storeLag } = options
  const cluster = parseCluster(options)
  const audiencePolicy = parseAudiencePolicy(options)
  const ttlPolicy = options.ttl ?? { defaultTtl: DEFAULT_TTL, maxTtl: MAX_TTL }
  assertTtlPolicy(ttlPolicy)
  const signer = options.signer ?? createLocalSigner(options.signingRing ?? ring)

  const mint: Issuer['mint'] = async (workload, { audience, ttl } = {}, limits = {}) => {
    const now = clock()
    const claims = buildClaims(buildIdentityClaims(cluster, workload), {
      audience: resolveAudience(audience, audiencePolicy, limits.allowed_audiences),
      ttl: resolveTtl(ttl, ttlPolicy, limits.max_ttl),
      now,
      jti: crypto.randomUUID(),
    })
    return { token: { value: await signer.sign(claims), expires_at: claims.exp }, claims }
  }

  return {
    issuerUrl: cluster.issuerUrl,
    hostname: new URL(cluster.issuerUrl).hostname,
    mint,
    describe: (workload) => buildIdentityClaims(cluster, workload),
    async issueToken(app, sandboxId, tokenOptions) {
      const minted = await mint(toSandboxWorkload(app, sandboxId), tokenOptions)
      return minted.token
    },
    discoveryDocument: (issuerUrl = cluster.issuerUrl) => buildDiscoveryDocument(issuerUrl, ring(), clock()),
    jwks: () => toPublicJwks(ring(), clock()),
    publicKey: () => toPublicJwk(activeKey(ring())),
    async verifyToken(token, verifyOptions) {
      const [current, now] = [ring(), clock()]
      return verifyIdToken(token, {
        ...verifyOptions,
        ...{ ring: current, issuerUrl: cluster.issuerUrl, now },
        otherIssuerUrls: livingIssuerUrls(current, verifyOptions.at ?? now),
        ...(storeLag !== undefined && { storeLag }),
      })
    },
  }
}

/**
 * The workload of a sandbox given by two texts; `app` is `''` when it belongs to none.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID` naming the one that is not an identifier.
 */
export function toSandboxWorkload(
  app: string,
  sandboxId: string,
  subject: 'sandbox' | 'app' = 'sandbox',
): Workload {
  return {
    type: 'sandbox',
    ...(app !== '' && { app: parseIdentifier('app', app) }),
    sandboxId: parseIdentifier('sandbox_id', sandboxId),
    subject,
  }
}

function parseCluster(options: IssuerOptions): ClusterIdentity & { readonly issuerUrl: IssuerUrl } {
  const { organizationId, clusterId } = options
  const issuerUrl = parseIssuerUrl(options.issuerUrl)
  const stored = currentIssuerUrl(options.ring())
  if (stored !== issuerUrl) {
    throw new IssuerError(
      'ERR_ISSUER_URL_CHANGED',
      `the issuer URL is ${issuerUrl}, but the key ring belongs to ${stored}`,
      { details: { configured: issuerUrl, stored } },
    )
  }
  return {
    issuerUrl,
    ...(organizationId !== undefined && {
      organizationId: parseIdentifier('organization_id', organizationId),
    }),
    ...(clusterId !== undefined && { clusterId: parseIdentifier('cluster_id', clusterId) }),
  }
}

function parseAudiencePolicy({
  defaultAudience,
  allowedAudiences,
  issuerUrl,
}: IssuerOptions): AudiencePolicy {
  const [audience = issuerUrl] = parseAudiences(defaultAudience ?? issuerUrl)
  if (allowedAudiences === undefined) return { defaultAudience: audience }
  if (allowedAudiences.length === 0) {
    throw new IssuerError(
      'ERR_POLICY_INVALID',
      'the list of allowed audiences is empty; leave it out to allow any',
    )
  }
  for (const allowed of allowedAudiences) parseAudiences(allowed)
  return { defaultAudience: audience, allowedAudiences: [...allowedAudiences] }
}
