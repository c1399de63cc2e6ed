import { Type, type Static, type TProperties } from 'typebox'
import { closed } from './common-schemas.ts'

// Descriptions are for the OpenAPI document. Limits are told there in words and checked where values are used, so that a
// refusal can say more than that a pattern did not match.
const text = (description: string) => Type.String({ description })
const number = (description: string) => Type.Number({ description })
const texts = (description: string) => Type.Array(Type.String(), { description })
const nullable = <T extends TProperties[string]>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

/** The audience of a token. */
export const audience = Type.Union([Type.String(), Type.Array(Type.String())], {
  description:
    'One audience or several: 1–10 values of 1–1000 visible ASCII characters, without duplicates. The default audience ' +
    'unless given.',
})
const apiVersion = text("Accepted and ignored: GitHub's client sends one.")
const id = 'Letters, digits and `._/@+=~-`, 1–255 characters, the first one a letter or digit.'
const app = text(`The application it belongs to. ${id}`)

/** The form of a sandbox's subject. */
export const subject = Type.Union([Type.Literal('sandbox'), Type.Literal('app')], {
  description: 'Whether `sub` names the sandbox itself (the default) or its application.',
})

/** The files with tokens that a runner keeps for a sandbox. */
export const tokenFiles = Type.Array(
  closed({
    name: text('The name of the file: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.'),
    audience: Type.Optional(audience),
    ttl: Type.Optional(number('The life of its tokens in whole seconds, clamped to what the issuer allows.')),
  }),
  {
    description:
      'Files that the runner keeps filled with tokens, 0–16. With a runner one named `token` unless given; an empty list ' +
      'means none.',
  },
)

const runnerId = text(`The runner that hosts it; it must be registered. ${id}`)
const secretFile =
  'An absolute path at which the sandbox finds its secret. `env` then names the file instead of holding the secret.'

/** The query of a path that has no parameters. */
export const emptyQuery = closed({})

/** The query of `GET /v1/token`. Values are texts; what they must be is checked where they are used. */
export const tokenQuery = closed({
  audience: Type.Optional(audience),
  ttl: Type.Optional(
    text('The life of the token: whole seconds of at least 1, clamped to what the issuer allows.'),
  ),
  'api-version': Type.Optional(apiVersion),
})

/** The query of `GET /v1/identity`. */
export const identityQuery = closed({ 'api-version': Type.Optional(apiVersion) })

/** The query of a list. */
export const pageQuery = closed({
  limit: Type.Optional(text('How many at most: 1–1000, 100 unless given.')),
  after: Type.Optional(text('The ID after which the page begins: `next` of the page before.')),
})

/** The query of the list of sandboxes. */
export const sandboxQuery = closed({
  ...pageQuery.properties,
  runner_id: Type.Optional(text('Only the sandboxes of this runner.')),
})

/** The path of one sandbox. */
export const sandboxPath = closed({ id: text('The ID of the sandbox, percent-encoded: it may hold `/`.') })

/** The body of `POST /v1/sandboxes`. */
export const sandboxRegistration = closed({
  sandbox_id: text(id),
  app: app,
  runner_id: Type.Optional(runnerId),
  expires_at: Type.Optional(
    number('The first moment at which it no longer exists, in Unix seconds; until it is ended unless given.'),
  ),
  secret_sha256: Type.Optional(
    text(
      'The SHA-256 of a secret that was already handed out, as 64 lower-case hexadecimal digits or base64url.',
    ),
  ),
  secret_file: Type.Optional(text(secretFile)),
  token_files: Type.Optional(tokenFiles),
  allowed_audiences: Type.Optional(texts('The only audiences it may ask for, 1–100.')),
  max_ttl: Type.Optional(number('The longest life of its tokens, 60–86400 whole seconds.')),
  subject: Type.Optional(subject),
})

/** The body of `POST /v1/sandbox-batches`. */
export const sandboxBatch = closed({
  sandboxes: Type.Array(sandboxRegistration, { description: '1–1000 sandboxes, each as for one alone.' }),
})

/** The body of `PATCH /v1/sandboxes/{id}`; `null` takes away. */
export const sandboxChange = closed({
  runner_id: Type.Optional(nullable(Type.String(), 'The runner that hosts it from now on.')),
  token_files: Type.Optional(nullable(tokenFiles, 'Files that the runner keeps filled with tokens.')),
  expires_at: Type.Optional(
    nullable(Type.Number(), 'The first moment at which it no longer exists, in Unix seconds.'),
  ),
  allowed_audiences: Type.Optional(
    nullable(Type.Array(Type.String()), 'The only audiences it may ask for, 1–100.'),
  ),
  max_ttl: Type.Optional(nullable(Type.Number(), 'The longest life of its tokens, 60–86400 whole seconds.')),
  subject: Type.Optional(nullable(subject, 'Whether `sub` names the sandbox itself or its application.')),
})

/** The body of `POST /v1/sandboxes/{id}/secret`. */
export const secretRenewal = closed({
  grace_seconds: Type.Optional(number('How long the old secret still works: 0–86400, 0 unless given.')),
})

/** The body of `POST /v1/tokens`. */
export const vouchedToken = closed({
  app: app,
  sandbox_id: text(id),
  audience: Type.Optional(audience),
  ttl: Type.Optional(number('The life of the token in whole seconds, clamped to what the issuer allows.')),
})

/** The body of `POST /v1/registry/accept-loss`. */
export const registryLossAcceptance = closed({
  expected_registry_id: Type.Optional(
    text(
      'The registry that is given up: `registry_id` of the issuer as you saw it. Whichever is lost unless given.',
    ),
  ),
})

/** The path of one key. */
export const keyPath = closed({ kid: text('The ID of the key.') })

/** The body of `POST /v1/keys/rotate`. */
export const keyRotation = closed({
  force: Type.Optional(
    Type.Boolean({ description: 'Lets the next key sign at once, whoever has seen it; false unless given.' }),
  ),
  expected_active_kid: Type.Optional(
    text('The key that signs now, as you saw it. When another one signs, nothing is done (409).'),
  ),
})

/** The body of `POST /v1/keys/{kid}/revoke`. */
export const keyRevocation = closed({
  reason: Type.Optional(
    text('Why, 1–200 characters without control characters. It stays in the history of the keys for good.'),
  ),
})

/** The query of `DELETE /v1/keys/{kid}`. */
export const keyRemoval = closed({
  force: Type.Optional(
    Type.Union([Type.Literal('true'), Type.Literal('false')], {
      description: 'Whether to remove it also while tokens of it may be alive; false unless given.',
    }),
  ),
})

/** The query of a list, as texts. */
export type PageParameters = Static<typeof pageQuery>
/** A sandbox to be. */
export type SandboxRegistrationBody = Static<typeof sandboxRegistration>
/** What is to change about a sandbox; `null` takes away. */
export type SandboxChangeBody = Static<typeof sandboxChange>
/** How a secret is to be renewed. */
export type SecretRenewalBody = Static<typeof secretRenewal>
/** A token to vouch for. */
export type VouchedTokenBody = Static<typeof vouchedToken>
