import { refused, type OperationExamples } from './example.ts'

const secret = 'wis_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE'
const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing', runner_id: null, created_at: 1767225600 }
const addresses = {
  WORKLOAD_IDENTITY_ISSUER_URL: 'https://id.example.com',
  WORKLOAD_IDENTITY_TOKEN_URL: 'http://127.0.0.1:7123/v1/token',
}
const env = {
  ...addresses,
  WORKLOAD_IDENTITY_TOKEN_SECRET: secret,
  ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:7123/v1/token?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
}
const known = { id: 'billing-7f9c' }
const missing = {
  summary: 'An ID that no live sandbox has',
  path: { id: 'billing-0000' },
  status: 404,
  answer: refused('not_found', 'there is no live sandbox with this ID'),
}

/** Examples of what admins do with sandboxes. */
export const sandboxExamples: OperationExamples = {
  registerSandbox: {
    minimal: {
      summary: 'A sandbox that asks the issuer itself',
      body: { sandbox_id: 'billing-8a1d', app: 'billing' },
      status: 201,
      answer: { sandbox_id: 'billing-8a1d', app: 'billing', runner_id: null, secret, env },
    },
    withPolicy: {
      summary: 'With an end and a policy of its own',
      body: {
        sandbox_id: 'reports/nightly',
        app: 'reports',
        expires_at: 4102444800,
        allowed_audiences: ['sts.amazonaws.com'],
        max_ttl: 900,
        subject: 'app',
      },
      status: 201,
      answer: { sandbox_id: 'reports/nightly', app: 'reports', runner_id: null, secret, env },
    },
    ownSecret: {
      summary: 'With a secret that the controller already handed out',
      body: {
        sandbox_id: 'billing-9b2e',
        app: 'billing',
        secret_sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      },
      status: 201,
      answer: {
        sandbox_id: 'billing-9b2e',
        app: 'billing',
        runner_id: null,
        env: {
          ...addresses,
          ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:7123/v1/token?api-version=2.0',
        },
      },
    },
    shortLifetime: {
      summary: 'With a policy outside its limits',
      body: { sandbox_id: 'billing-8a1d', app: 'billing', max_ttl: 30 },
      status: 400,
      answer: refused('invalid_request', 'max_ttl must be a whole number of seconds within 60 and 86400'),
    },
    existing: {
      summary: 'An ID that a live sandbox has',
      body: { sandbox_id: 'billing-7f9c', app: 'billing' },
      status: 409,
      answer: refused('conflict', 'a live sandbox has this ID'),
    },
    noToken: {
      summary: 'Without an admin token',
      body: { sandbox_id: 'billing-8a1d', app: 'billing' },
      credential: 'none',
      status: 401,
      answer: refused('invalid_token', 'Authorization: Bearer <secret> is missing'),
    },
    unknownToken: {
      summary: 'With a token of nobody',
      body: { sandbox_id: 'billing-8a1d', app: 'billing' },
      credential: 'unknown',
      status: 401,
      answer: refused('invalid_token', 'the admin token is not known'),
    },
    readOnly: {
      summary: 'With an admin token that may read only',
      body: { sandbox_id: 'billing-8a1d', app: 'billing' },
      credential: 'read-only',
      status: 403,
      answer: refused('access_denied', 'this admin token may read only'),
    },
  },
  registerSandboxBatch: {
    mixed: {
      summary: 'Two sandboxes, one of which is registered already',
      body: {
        sandboxes: [
          { sandbox_id: 'billing-8a1d', app: 'billing' },
          { sandbox_id: 'billing-7f9c', app: 'billing' },
        ],
      },
      status: 200,
      answer: {
        results: [
          { sandbox_id: 'billing-8a1d', app: 'billing', runner_id: null, secret, env },
          {
            sandbox_id: 'billing-7f9c',
            error: 'conflict',
            error_description: 'a live sandbox has this ID',
          },
        ],
      },
    },
    none: {
      summary: 'A batch of none',
      body: { sandboxes: [] },
      status: 400,
      answer: refused('invalid_request', 'a batch has 1 to 1000 sandboxes, not 0'),
    },
  },
  listSandboxes: {
    all: { summary: 'The first 100', status: 200, answer: { items: [sandbox], next: null } },
    page: {
      summary: 'One page',
      query: { limit: '50', after: 'billing-0000' },
      status: 200,
      answer: { items: [sandbox], next: null },
    },
    none: {
      summary: 'With a page of no items',
      query: { limit: '0' },
      status: 400,
      answer: refused('invalid_request', 'limit must be a whole number within 1 and 1000'),
    },
  },
  getSandbox: {
    sandbox: { summary: 'A live sandbox', path: known, status: 200, answer: sandbox },
    missing,
  },
  changeSandbox: {
    narrow: {
      summary: 'Set an end and allow two audiences only',
      path: known,
      body: { expires_at: 4102444800, allowed_audiences: ['sts.amazonaws.com', 'https://vault.example'] },
      status: 200,
      answer: {
        ...sandbox,
        expires_at: 4102444800,
        allowed_audiences: ['sts.amazonaws.com', 'https://vault.example'],
      },
    },
    takeAway: {
      summary: 'Take its end and its policy away',
      path: known,
      body: { expires_at: null, allowed_audiences: null, max_ttl: null, subject: null },
      status: 200,
      answer: sandbox,
    },
    nothing: {
      summary: 'Change nothing',
      path: known,
      body: {},
      status: 400,
      answer: refused('invalid_request', 'the body names nothing to change'),
    },
    missing: { ...missing, body: { max_ttl: 900 } },
  },
  endSandbox: {
    end: { summary: 'A live sandbox', path: known, status: 204 },
    missing,
  },
  renewSandboxSecret: {
    atOnce: {
      summary: 'The old secret is dead at once',
      path: known,
      status: 200,
      answer: { sandbox_id: 'billing-7f9c', app: 'billing', runner_id: null, secret, env },
    },
    withGrace: {
      summary: 'The old secret works for five minutes more',
      path: known,
      body: { grace_seconds: 300 },
      status: 200,
      answer: { sandbox_id: 'billing-7f9c', app: 'billing', runner_id: null, secret, env },
    },
    missing,
  },
}
