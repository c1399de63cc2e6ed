// The issuer as a library
export {
  createIssuer,
  toSandboxWorkload,
  type Issuer,
  type IssuerOptions,
  type MintedToken,
  type WorkloadLimits,
} from './issuer.ts'
export {
  IssuerError,
  isIssuerError,
  type IssuerErrorCode,
  type IssuerErrorDetails,
  type IssuerErrorOptions,
} from './errors.ts'
export {
  addSeconds,
  formatDuration,
  formatMoment,
  fromMilliseconds,
  seconds,
  unixSeconds,
  type Clock,
  type Seconds,
  type UnixSeconds,
} from './time.ts'

// Names and addresses
export {
  DEFAULT_CLUSTER,
  identifierProblem,
  MAX_IDENTIFIER_LENGTH,
  parseIdentifier,
  type AppId,
  type ClusterId,
  type IdentifierKind,
  type OrganizationId,
  type RunnerId,
  type SandboxId,
  type SystemWorkload,
} from './identifiers.ts'
export {
  isLoopbackHost,
  parseIssuerUrl,
  resolveIssuerUrl,
  type IssuerUrl,
  type IssuerUrlSources,
  type ResolvedIssuerUrl,
} from './issuer-url.ts'
export { generateSecret, hashSecret, parseSecretHash, type SecretOwner } from './secret.ts'
export {
  buildSandboxEnvironment,
  sandboxDirectoryName,
  tokenPathOf,
  type SandboxEnvironmentOptions,
} from './sandbox-environment.ts'
export { DEFAULT_TOKEN_FILES, MAX_TOKEN_FILES, tokenFilesOf } from './token-files.ts'

// Tokens
export { formatSubject, parseSubject, type Subject } from './token/subject.ts'
export {
  audienceProblem,
  MAX_AUDIENCE_LENGTH,
  MAX_AUDIENCES,
  parseAudiences,
  resolveAudience,
  type AudiencePolicy,
} from './token/audience.ts'
export { assertTtlPolicy, DEFAULT_TTL, MAX_TTL, MIN_TTL, resolveTtl, type TtlPolicy } from './token/ttl.ts'
export {
  buildClaims,
  buildIdentityClaims,
  CLAIM_NAMES,
  type ClusterIdentity,
  type IdentityClaims,
  type IdTokenClaims,
  type TokenGrant,
  type Workload,
} from './token/claims.ts'
export { createLocalSigner } from './token/sign.ts'
export { verifyIdToken, type VerificationContext, type VerifyTokenOptions } from './token/verify.ts'

// Keys and what is published of them
export { keySpecifications, type KeySpecification, type SigningAlgorithm } from './key-ring/algorithms.ts'
export {
  computeKeyId,
  fitsSpecification,
  generateKeyMaterial,
  proveKey,
  toPublicKeyMaterial,
  toSigningKeyMaterial,
  type KeyMaterial,
  type KeyMembers,
  type SigningKeyMaterial,
} from './key-ring/key-material.ts'
export { importPrivateKeyPem } from './key-ring/pem.ts'
export {
  buildAdoptedRing,
  findUnknownKeys,
  needsSuccessor,
  type AdoptableKeys,
  type Adoption,
  type AdoptMode,
} from './key-ring/adoption.ts'
export {
  activeKey,
  assertKeyRing,
  currentIssuerUrl,
  isTombstone,
  KEY_RING_SCHEMA,
  nextKey,
  publishedKeys,
  type KeyEntry,
  type KeyHistoryEntry,
  type KeyRing,
  type KeyState,
  type RingIssuer,
} from './key-ring/key-ring.ts'
export {
  applyStep,
  createKeyRing,
  nextGeneration,
  type NewRing,
  type RingStep,
} from './key-ring/transitions.ts'
export { decodeKeyRing, encodeKeyRing, proveRing } from './key-ring/codec.ts'
export { compareRings, mergeRings, type MergeOptions } from './key-ring/merge.ts'
export { decideRingRecovery, type RingRecovery } from './key-ring/ring-recovery.ts'
export {
  assertRotationPolicy,
  checkRotationPolicy,
  CLOCK_TOLERANCE,
  DEFAULT_ROTATION_POLICY,
  derivedStaleIfError,
  isReadingFresh,
  oldSetsGoneAt,
  rotationPolicyProblems,
  type PolicyCheck,
  type PolicyRuleName,
  type RotationPolicy,
} from './key-ring/rotation-policy.ts'
export { clockHolds, watchClock, type ClockReading, type ClockWatch } from './key-ring/clock-watch.ts'
export {
  dueSteps,
  planRotation,
  type ActivationHold,
  type DueStep,
  type PlannedStep,
  type RotationPlan,
} from './key-ring/rotation-plan.ts'
export {
  formerKeys,
  signingRecords,
  type SigningInterval,
  type SigningRecord,
} from './key-ring/signing-record.ts'
export { rotationTimeline, type TimelineEntry } from './key-ring/rotation-timeline.ts'
export {
  jwksCacheLifetime,
  MIN_JWKS_MAX_AGE,
  nextChangeOfSet,
  toPublicJwk,
  toPublicJwks,
  type CacheLifetime,
  type CacheLifetimeOptions,
  type Jwks,
  type PublishedJwk,
} from './key-ring/jwks.ts'
export {
  announcedIssuerUrl,
  earlierIssuerUrls,
  findRequestedIssuer,
  issuerPathOf,
  livingIssuerUrls,
  settleIssuerUrls,
  type IssuerUrlIntent,
} from './key-ring/issuer-urls.ts'
export { fingerprintKeys } from './key-ring/fingerprint.ts'
export { buildDiscoveryDocument, DISCOVERY_PATH, JWKS_PATH, type DiscoveryDocument } from './discovery.ts'

// Ports
export type { KeyEncryption } from './ports/key-encryption.ts'
export type { EndedAssignment, EndedAssignments } from './ports/ended-assignments.ts'
export type { KeyStore, RingVersion, StoredKeyRing } from './ports/key-store.ts'
export type { PageQuery, RegistryIdentity, RegistryPage, SecretHash } from './ports/registry.ts'
export type { RunnerRecord, RunnerRegistry } from './ports/runner-registry.ts'
export type {
  RegistrationOutcome,
  SandboxPolicy,
  SandboxRecord,
  SandboxRegistry,
  TokenFile,
} from './ports/sandbox-registry.ts'
export type { IssuedToken, TokenIssuer, TokenOptions } from './ports/token-issuer.ts'
export type { TokenSigner } from './ports/token-signer.ts'
export { parseRunnerRecord, parseSandboxRecord } from './registry-record.ts'

// Sealing
export {
  assertKeyEncryptionKey,
  parseKeyEncryptionKey,
  type KeyEncryptionKey,
} from './sealing/key-encryption-key.ts'
export { NO_SEALING, sealingKey, type Sealing, type SealingMode } from './sealing/sealing-mode.ts'
export { createKeyEncryption, type RingEncryption } from './sealing/create-key-encryption.ts'
export { sealKeyStore } from './sealing/seal-key-store.ts'
export {
  createRecordSeal,
  type OpenedRecord,
  type RecordPlace,
  type RecordSeal,
  type SealedRecord,
  type StoredSeal,
} from './sealing/record-seal.ts'
export {
  sealRunnerRegistry,
  sealSandboxRegistry,
  type ResealedPage,
  type ResealRecords,
  type SealRegistryOptions,
} from './sealing/seal-registries.ts'

// Use cases
export {
  openKeyRing,
  type OpenedKeyRing,
  type OpenKeyRingDependencies,
  type OpenKeyRingRequest,
} from './use-cases/open-key-ring.ts'
export {
  createFollowedKeyRing,
  type FollowedKeyRing,
  type FollowKeyRingDependencies,
  type RingRefresh,
} from './use-cases/follow-key-ring.ts'
export { openStoredRing, toStoredRing } from './use-cases/stored-ring.ts'
export type { RingRepair } from './use-cases/repair-key-ring.ts'
export {
  resealKeyRing,
  type ResealedKeyRing,
  type ResealKeyRingDependencies,
} from './use-cases/reseal-key-ring.ts'
export type { RingStepDependencies } from './use-cases/make-ring-step.ts'
export {
  createRotateKeys,
  type MadeStep,
  type RotateKeys,
  type RotateKeysDependencies,
  type RotationResult,
} from './use-cases/rotate-keys.ts'
export {
  createRotateByHand,
  type RotateByHand,
  type RotateByHandAnswer,
  type RotateByHandRequest,
} from './use-cases/rotate-by-hand.ts'
export {
  createRevokeKey,
  type RevokeKey,
  type RevokeKeyAnswer,
  type RevokeKeyRequest,
} from './use-cases/revoke-key.ts'
export {
  createRemoveKey,
  type RemoveKey,
  type RemoveKeyDependencies,
  type RemoveKeyRequest,
} from './use-cases/remove-key.ts'
export { changeKeyRing, type ChangeKeyRingDependencies } from './use-cases/change-key-ring.ts'
export {
  createAcceptRegistryLoss,
  decideLossAcceptance,
  type AcceptedRegistryLoss,
  type AcceptRegistryLoss,
  type AcceptRegistryLossDependencies,
  type LossDecision,
  type RegistryLoss,
} from './use-cases/accept-registry-loss.ts'
export {
  createPublishKeys,
  type PublishedKeys,
  type PublishKeysDependencies,
} from './use-cases/publish-keys.ts'
export {
  createAuthenticateSandbox,
  type AuthenticateSandbox,
  type AuthenticateSandboxDependencies,
} from './use-cases/authenticate-sandbox.ts'
export {
  cacheSandboxes,
  type CachedSandboxes,
  type CacheSandboxesOptions,
  type SandboxSource,
} from './use-cases/cache-sandboxes.ts'
export type { LookUpSource } from './use-cases/cached-look-ups.ts'
export type { ReadingPolicy } from './use-cases/record-readings.ts'
export { describeSandbox, mintSandboxToken, toWorkload } from './use-cases/mint-sandbox-token.ts'
export {
  createRegisterSandbox,
  type RegisterSandbox,
  type SandboxAdministrationDependencies,
  type SandboxRegistration,
  type SandboxWithSecret,
} from './use-cases/register-sandbox.ts'
export { registerEach } from './use-cases/register-each.ts'
export {
  createRegisterSandboxes,
  MAX_SANDBOX_BATCH,
  type RegisterSandboxes,
} from './use-cases/register-sandboxes.ts'
export { createChangeSandbox, type ChangeSandbox, type SandboxChange } from './use-cases/change-sandbox.ts'
export {
  createRenewSandboxSecret,
  type RenewedSandboxSecret,
  type RenewSandboxSecret,
} from './use-cases/renew-sandbox-secret.ts'
export { MAX_GRACE, MAX_SECRETS_IN_GRACE } from './use-cases/secret-grace.ts'
export {
  createVouchToken,
  type VouchedTokenRequest,
  type VouchToken,
  type VouchTokenDependencies,
} from './use-cases/vouch-token.ts'
export { MAX_ALLOWED_AUDIENCES } from './use-cases/sandbox-policy.ts'
export {
  createSandboxTokens,
  type SandboxTokens,
  type SandboxTokensDependencies,
  type TokenRequestFacts,
} from './use-cases/sandbox-tokens.ts'

// Use cases of runners
export {
  createRegisterRunner,
  type RegisterRunner,
  type RunnerAdministrationDependencies,
  type RunnerRegistration,
  type RunnerWithSecret,
} from './use-cases/register-runner.ts'
export { createRenewRunnerSecret, type RenewRunnerSecret } from './use-cases/renew-runner-secret.ts'
export { createEndRunner, type EndRunner, type EndRunnerDependencies } from './use-cases/end-runner.ts'
export {
  createAuthenticateRunner,
  type AuthenticateRunner,
  type AuthenticateRunnerDependencies,
} from './use-cases/authenticate-runner.ts'
export { cacheRunners, type CachedRunners, type CacheRunnersOptions } from './use-cases/cache-runners.ts'
export {
  createRunnerTokens,
  type RunnerTokenOrder,
  type RunnerTokens,
  type RunnerTokensDependencies,
} from './use-cases/runner-tokens.ts'
export {
  createIssueSystemToken,
  type IssueSystemToken,
  type IssueSystemTokenDependencies,
  type SystemTokenOrder,
  type SystemWorkloadRule,
} from './use-cases/system-tokens.ts'
export {
  createListAssignments,
  ENDED_ASSIGNMENTS_KEPT,
  MAX_ENDED_ASSIGNMENTS_TOLD,
  type AssignmentLists,
  type AssignmentSnapshot,
  type ListAssignments,
  type ListAssignmentsOptions,
  type ListAssignmentsDependencies,
} from './use-cases/list-assignments.ts'
export { noteEndedAssignments, type NoteEndedAssignmentsOptions } from './use-cases/note-ended-assignments.ts'
