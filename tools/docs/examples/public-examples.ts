import type { OperationExamples } from './example.ts'

const unchanged = {
  summary: 'The client has the document already; `*` stands for any version of it.',
  headers: { 'If-None-Match': '*' },
  status: 304,
}

/** The public half of a key, with the modulus of RFC 7517 appendix A.1. */
export const exampleJwk = {
  kty: 'RSA',
  kid: 'o0DY0Ka7zW3OKJWTnlTNzVyhTyB1rWMDjbzvS_hQsKg',
  use: 'sig',
  alg: 'RS256',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
}

/** Examples of the public listener. */
export const publicExamples: OperationExamples = {
  getDiscoveryDocument: {
    current: {
      summary: 'The document',
      status: 200,
      answer: {
        issuer: 'https://id.example.com',
        jwks_uri: 'https://id.example.com/.well-known/jwks.json',
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        claims_supported: [
          ...['iss', 'sub', 'aud', 'iat', 'nbf', 'exp', 'jti', 'organization_id', 'cluster_id', 'app'],
          ...['sandbox_id', 'system_workload', 'identity_type'],
        ],
      },
    },
    unchanged,
  },
  headDiscoveryDocument: { current: { summary: 'The header only', status: 200 }, unchanged },
  getJwks: {
    current: { summary: 'The keys', status: 200, answer: { keys: [exampleJwk] } },
    unchanged,
  },
  headJwks: { current: { summary: 'The header only', status: 200 }, unchanged },
}
