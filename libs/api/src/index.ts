// Errors
export { HTTP_ERROR_CODES, type HttpErrorCode } from './error-codes.ts'

// Parts
export { algorithm, closed, jwk, optionalTexts, unixSeconds } from './common-schemas.ts'

// What is asked
export {
  audience,
  emptyQuery,
  identityQuery,
  keyPath,
  keyRemoval,
  keyRevocation,
  keyRotation,
  pageQuery,
  registryLossAcceptance,
  sandboxBatch,
  sandboxChange,
  sandboxPath,
  sandboxQuery,
  sandboxRegistration,
  secretRenewal,
  subject,
  tokenFiles,
  tokenQuery,
  vouchedToken,
  type PageParameters,
  type SandboxChangeBody,
  type SandboxRegistrationBody,
  type SecretRenewalBody,
  type VouchedTokenBody,
} from './request-schemas.ts'

// What runners ask and are answered, and what admins do with them
export {
  MAX_RUNNER_BATCH,
  assignment,
  assignmentList,
  endedAssignment,
  runner,
  runnerIdentityBatch,
  runnerIdentityResults,
  runnerPage,
  runnerPath,
  runnerRegistration,
  runnerRemoval,
  runnerTokenBatch,
  runnerTokenResults,
  runnerWithSecret,
  systemTokenRequest,
  type Assignment,
  type AssignmentList,
  type EndedAssignment,
  type RunnerBody,
  type RunnerIdentityResult,
  type RunnerPageBody,
  type RunnerRegistrationBody,
  type RunnerTokenRequest,
  type RunnerTokenResult,
  type RunnerWithSecretBody,
  type SystemTokenRequest,
} from './runner-schemas.ts'

// What is answered
export {
  acceptedRegistryLoss,
  discoveryDocument,
  errorBody,
  healthy,
  identity,
  identityClaims,
  issuerFacts,
  jwks,
  mintedToken,
  sandbox,
  sandboxBatchResult,
  sandboxPage,
  sandboxWithSecret,
  type IdentityBody,
  type IssuerFactsBody,
  type MintedTokenBody,
  type SandboxBatchEntry,
  type SandboxBody,
  type SandboxPageBody,
  type SandboxWithSecretBody,
} from './answer-schemas.ts'

// Keys
export { key, keyHistory, keyPage, revokedKey, rotatedKeys, rotationPlan } from './key-schemas.ts'

// All of them by name
export { namedSchemas } from './named-schemas.ts'
