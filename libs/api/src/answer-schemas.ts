import { Type, type Static } from 'typebox'
import { algorithm, closed, jwk, optionalTexts, unixSeconds } from './common-schemas.ts'
import { HTTP_ERROR_CODES } from './error-codes.ts'
import { subject, tokenFiles } from './request-schemas.ts'

/** The body of every 4xx and 5xx. */
export const errorBody = closed({
  error: Type.Enum([...HTTP_ERROR_CODES], { description: 'What programs match on. The list is closed.' }),
  error_description: Type.String({ description: 'One sentence for people; it may change in any release.' }),
})

/** The discovery document. */
export const discoveryDocument = closed({
  issuer: Type.String({ description: 'The issuer URL: `iss` of every token.' }),
  jwks_uri: Type.String({ description: 'Where the public keys are.' }),
  response_types_supported: Type.Array(Type.String()),
  subject_types_supported: Type.Array(Type.String()),
  id_token_signing_alg_values_supported: Type.Array(algorithm, {
    description: 'The algorithm of the key that signs now comes first.',
  }),
  claims_supported: Type.Array(Type.String()),
})

/** The JWK set. */
export const jwks = closed({ keys: Type.Array(jwk) })

/** A minted token. */
export const mintedToken = closed({
  value: Type.String({ description: 'The signed JWT in compact form.' }),
  expires_at: unixSeconds('`exp` of the token'),
})

/** The claims that say who a sandbox is. */
export const identityClaims = closed({
  iss: Type.String(),
  sub: Type.String(),
  ...optionalTexts({
    organization_id: 'Absent when none is configured.',
    cluster_id: 'Absent when none is configured.',
    app: 'The application the sandbox belongs to.',
  }),
  sandbox_id: Type.String(),
  identity_type: Type.Literal('sandbox'),
})

/** Who a sandbox is. */
export const identity = closed({ issuer: Type.String(), subject: Type.String(), claims: identityClaims })

const sandboxNames = {
  sandbox_id: Type.String(),
  app: Type.String(),
  runner_id: Type.Union([Type.String(), Type.Null()], {
    description: 'The runner that hosts it; null when it asks the issuer itself.',
  }),
}

/** A sandbox as admins see it. */
export const sandbox = closed({
  ...sandboxNames,
  created_at: unixSeconds('When it was registered'),
  expires_at: Type.Optional(unixSeconds('The first moment at which it no longer exists')),
  secret_file: Type.Optional(Type.String({ description: 'Where the sandbox finds its secret.' })),
  token_files: Type.Optional(tokenFiles),
  allowed_audiences: Type.Optional(Type.Array(Type.String())),
  max_ttl: Type.Optional(Type.Integer({ description: 'The longest life of its tokens in seconds.' })),
  subject: Type.Optional(subject),
})

/** A sandbox that was just given a secret. */
export const sandboxWithSecret = closed({
  ...sandboxNames,
  secret: Type.Optional(
    Type.String({ description: 'Shown this once. Absent when the caller brought a hash of its own.' }),
  ),
  env: Type.Record(Type.String(), Type.String(), {
    description: 'The environment variables to inject. `ACTIONS_*` are absent for a Unix socket.',
  }),
})

/** What became of a batch of registrations. */
export const sandboxBatchResult = closed({
  results: Type.Array(
    Type.Union([sandboxWithSecret, closed({ sandbox_id: Type.String(), ...errorBody.properties })]),
    { description: 'In the order asked.' },
  ),
})

const next = Type.Union([Type.String(), Type.Null()], {
  description: '`after` of the following page; null on the last one.',
})

/** A page of sandboxes. */
export const sandboxPage = closed({ items: Type.Array(sandbox), next })

/** Facts about the issuer. */
export const issuerFacts = closed({
  issuer: Type.String(),
  announced_issuer: Type.Optional(
    Type.String({ description: 'The URL that the issuer is to move to: it is served, and in no token yet.' }),
  ),
  earlier_issuers: Type.Array(
    closed({ issuer: Type.String(), until: unixSeconds('From when on it is no longer served or accepted') }),
    {
      description:
        'The URLs that living tokens may carry besides the current one, from before the issuer moved.',
    },
  ),
  ...optionalTexts({
    organization_id: 'Absent when none is configured.',
    cluster_id: 'Absent when none is configured.',
  }),
  discovery_url: Type.String(),
  jwks_uri: Type.String(),
  token_url: Type.String({ description: 'The token endpoint as sandboxes reach it, or `unix:<path>`.' }),
  default_audience: Type.String(),
  allowed_audiences: Type.Optional(
    Type.Array(Type.String(), { description: 'Absent when any audience is allowed.' }),
  ),
  default_ttl: Type.Integer({ description: 'In seconds.' }),
  max_ttl: Type.Integer({ description: 'In seconds.' }),
  active_key: closed({ kid: Type.String(), alg: algorithm }),
  keys_fingerprint: Type.String({
    description:
      '`SHA256:` and the base64url SHA-256 of the lines `<kid> <alg>` of the published keys, sorted: the same for every ' +
      'replica that publishes the same keys.',
  }),
  registry_id: Type.String({ description: 'The registry that belongs to the keys.' }),
})

/** An accepted loss of the registry. */
export const acceptedRegistryLoss = closed({
  registry_id: Type.String({ description: 'The registry that counts from now on.' }),
  lost_registry_id: Type.String({
    description: 'The registry that was given up; the same when only parts of it were missing.',
  }),
  is_empty: Type.Boolean({
    description: 'Whether it holds no records. Those it holds are believed from now on.',
  }),
})

/** The answer of a probe that succeeds. */
export const healthy = closed({
  status: Type.Literal('ok'),
  warnings: Type.Optional(
    Type.Array(Type.String(), {
      description: 'What is wrong and needs an operator, though requests can be answered.',
    }),
  ),
})

/** A minted token. */
export type MintedTokenBody = Static<typeof mintedToken>
/** Who a sandbox is. */
export type IdentityBody = Static<typeof identity>
/** A sandbox as admins see it. */
export type SandboxBody = Static<typeof sandbox>
/** A sandbox with the secret it was just given, and the environment variables to inject. */
export type SandboxWithSecretBody = Static<typeof sandboxWithSecret>
/** What became of one registration of a batch. */
export type SandboxBatchEntry = Static<typeof sandboxBatchResult>['results'][number]
/** A page of sandboxes. */
export type SandboxPageBody = Static<typeof sandboxPage>
/** Facts about the issuer. */
export type IssuerFactsBody = Static<typeof issuerFacts>
