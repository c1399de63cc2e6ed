const requestId = {
  description: 'The name of this request in the log and in the audit log.',
  schema: { type: 'string', format: 'uuid' },
}

const fields = {
  'X-Request-Id': requestId,
  OptionalRequestId: {
    ...requestId,
    description: `${requestId.description} Absent when it was refused before it was understood as one.`,
    required: false,
  },
  'X-Content-Type-Options': {
    description: 'The media type is meant as it is.',
    schema: { const: 'nosniff' },
  },
  'Cache-Control': {
    description: 'Not to be kept.',
    schema: { const: 'no-store' },
  },
  CacheLifetime: {
    description:
      'How long the document may be kept: half of the time to the next change of the keys, and for how long it may be ' +
      'used while the issuer cannot be reached.',
    schema: { type: 'string', pattern: '^public, max-age=\\d+(, stale-if-error=\\d+)?$' },
    example: 'public, max-age=3600, stale-if-error=43200',
  },
  ETag: {
    description: 'A strong entity tag: equal ones mean equal bytes.',
    schema: { type: 'string', pattern: '^"[\\w-]+"$' },
  },
  Vary: {
    description:
      'An issuer that moved is served under several URLs, and names itself by the one that was asked for, which trusted ' +
      'proxies may tell.',
    schema: { enum: ['Host', 'Host, X-Forwarded-Host, Forwarded'] },
    example: 'Host',
  },
  'Access-Control-Allow-Origin': { description: 'Any page may read it.', schema: { const: '*' } },
  Location: {
    description: 'Where the new thing is.',
    schema: { type: 'string' },
    example: '/v1/sandboxes/billing-7f9c',
  },
  Allow: {
    description: 'The methods that the path has.',
    schema: { type: 'string' },
    example: 'DELETE, GET, PATCH',
  },
  'WWW-Authenticate': { description: 'How to say who one is.', schema: { const: 'Bearer' } },
  'Retry-After': {
    description: 'How many seconds to wait.',
    schema: { type: 'string', pattern: '^\\d+$' },
    example: '5',
  },
} as const

/** The header components. Those that are not always there say so. */
export const headers = Object.fromEntries(
  Object.entries(fields).map(([name, field]) => [name, { required: true, ...field }]),
)

/** A header component. */
export type HeaderName = keyof typeof fields

const fieldNames: Readonly<Partial<Record<HeaderName, string>>> = {
  CacheLifetime: 'Cache-Control',
  OptionalRequestId: 'X-Request-Id',
}

/** References to header components, each under the name of the field. */
export function referToHeaders(names: readonly HeaderName[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    names.map((name) => [fieldNames[name] ?? name, { $ref: `#/components/headers/${name}` }]),
  )
}
