import { Type, type Static, type TObject, type TProperties } from 'typebox'

/** An object that has these properties and no others. */
function closed<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false })
}

const nullable = <T extends TProperties[string]>(schema: T) => Type.Union([schema, Type.Null()])

const audience = Type.Union([Type.String(), Type.Array(Type.String())])
const subject = Type.Union([Type.Literal('sandbox'), Type.Literal('app')])

/** The query of a path that has no parameters. */
export const emptyQuery = closed({})

/** The query of `GET /v1/token`. Values are texts; what they must be is checked where they are used. */
export const tokenQuery = closed({
  audience: Type.Optional(audience),
  ttl: Type.Optional(Type.String()),
  'api-version': Type.Optional(Type.String()),
})

/** The query of `GET /v1/identity`. */
export const identityQuery = closed({ 'api-version': Type.Optional(Type.String()) })

/** The query of a list. */
export const pageQuery = closed({
  limit: Type.Optional(Type.String()),
  after: Type.Optional(Type.String()),
})

/** The path of one sandbox. */
export const sandboxPath = closed({ id: Type.String() })

/** The body of `POST /v1/sandboxes`. */
export const sandboxRegistration = closed({
  sandbox_id: Type.String(),
  app: Type.String(),
  expires_at: Type.Optional(Type.Number()),
  secret_sha256: Type.Optional(Type.String()),
  allowed_audiences: Type.Optional(Type.Array(Type.String())),
  max_ttl: Type.Optional(Type.Number()),
  subject: Type.Optional(subject),
})

/** The body of `PATCH /v1/sandboxes/{id}`; `null` takes away. */
export const sandboxChange = closed({
  expires_at: Type.Optional(nullable(Type.Number())),
  allowed_audiences: Type.Optional(nullable(Type.Array(Type.String()))),
  max_ttl: Type.Optional(nullable(Type.Number())),
  subject: Type.Optional(nullable(subject)),
})

/** The body of `POST /v1/sandboxes/{id}/secret`. */
export const secretRenewal = closed({ grace_seconds: Type.Optional(Type.Number()) })

/** The body of `POST /v1/tokens`. */
export const vouchedToken = closed({
  app: Type.String(),
  sandbox_id: Type.String(),
  audience: Type.Optional(audience),
  ttl: Type.Optional(Type.Number()),
})

/** The query of a list, as texts. */
export type PageParameters = Static<typeof pageQuery>
