import { refused, type OperationExamples } from './example.ts'

/** A minted token, cut short. */
export const exampleToken = {
  value:
    'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im8wRFkwS2EifQ.eyJpc3MiOiJodHRwczovL2lkIn0.c2lnbmF0dXJl',
  expires_at: 1767229200,
}

const noSecret = {
  summary: 'Without a secret',
  credential: 'none',
  status: 401,
  answer: refused('invalid_token', 'Authorization: Bearer <secret> is missing'),
} as const
const unknownSecret = {
  summary: 'With the secret of a sandbox that was ended',
  credential: 'unknown',
  status: 403,
  answer: refused('access_denied', 'the secret is not that of a live sandbox'),
} as const

/** Examples of the token listener. */
export const tokenExamples: OperationExamples = {
  getToken: {
    defaults: { summary: 'The default audience and lifetime', status: 200, answer: exampleToken },
    forAws: {
      summary: 'For AWS, 15 minutes',
      query: { audience: 'sts.amazonaws.com', ttl: '900' },
      status: 200,
      answer: exampleToken,
    },
    twoAudiences: {
      summary: 'For two services at once',
      query: { audience: ['https://vault.example', 'https://db.example'] },
      status: 200,
      answer: exampleToken,
    },
    githubToolkit: {
      summary: "As GitHub's toolkit asks",
      query: { 'api-version': '2.0', audience: 'sts.amazonaws.com' },
      status: 200,
      answer: exampleToken,
    },
    noLifetime: {
      summary: 'With a lifetime of 0 seconds',
      query: { ttl: '0' },
      status: 400,
      answer: refused('invalid_request', 'the ttl must be a whole number of seconds of at least 1'),
    },
    noAudience: {
      summary: 'With an empty audience',
      query: { audience: '' },
      status: 400,
      answer: refused('invalid_target', 'an audience is empty'),
    },
    noSecret,
    unknownSecret,
  },
  getIdentity: {
    identity: {
      summary: 'A sandbox of an application',
      status: 200,
      answer: {
        issuer: 'https://id.example.com',
        subject: 'org:acme:app:billing:sandbox:billing-7f9c',
        claims: {
          iss: 'https://id.example.com',
          sub: 'org:acme:app:billing:sandbox:billing-7f9c',
          organization_id: 'acme',
          cluster_id: 'eu-1',
          app: 'billing',
          sandbox_id: 'billing-7f9c',
          identity_type: 'sandbox',
        },
      },
    },
    noSecret,
    unknownSecret,
  },
}
