import { discoveryDocument, jwks } from '@workload-identity/api'
import type { OperationDocs } from './operation.ts'

const unchanged = { description: 'The client has this version already. No body.', isCacheable: true }

/** `GET /.well-known/openid-configuration` */
export const discoveryOperation: OperationDocs = {
  operationId: 'getDiscoveryDocument',
  summary: 'The discovery document',
  description:
    'OpenID Connect Discovery 1.0 §4. It is below the issuer URL, and may be kept as long as the keys.',
  caller: 'anybody',
  answers: {
    200: { description: 'The document.', schema: discoveryDocument, isCacheable: true },
    304: unchanged,
  },
  refusals: [404],
}

/** `GET /.well-known/jwks.json` */
export const jwksOperation: OperationDocs = {
  operationId: 'getJwks',
  summary: 'The public keys',
  description:
    'The JWK set (RFC 7517 §5) that tokens are verified with. Further paths can be configured as aliases of this one.',
  caller: 'anybody',
  answers: {
    200: {
      description: 'The keys.',
      schema: jwks,
      contentType: 'application/jwk-set+json',
      isCacheable: true,
    },
    304: unchanged,
  },
  refusals: [404],
}
