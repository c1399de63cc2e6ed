import { refused, type OperationExamples } from './example.ts'
import { exampleToken } from './token-examples.ts'

const secret = 'wir_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE'
const addresses = { token_url: 'http://127.0.0.1:7133/v1/token', token_dir: '/run/workload-identity' }
const runner = { runner_id: 'node-1', ...addresses, created_at: 1767225600 }
const known = { id: 'node-1' }
const missing = {
  summary: 'An ID that no runner has',
  path: { id: 'node-0' },
  status: 404,
  answer: refused('not_found', 'there is no runner with this ID'),
}
const noSecret = {
  summary: 'Without a secret and without a certificate',
  credential: 'none',
  status: 401,
  answer: refused('invalid_token', 'Authorization: Bearer <secret> is missing'),
} as const
const notAssigned = {
  sandbox_id: 'billing-7f9c',
  ...refused('access_denied', 'no live sandbox with this ID is assigned to this runner'),
}

/** Examples of what admins do with runners. */
export const runnerExamples: OperationExamples = {
  registerRunner: {
    withAddresses: {
      summary: 'A runner whose proxy listens and keeps token files',
      body: { runner_id: 'node-2', ...addresses },
      status: 201,
      answer: { runner_id: 'node-2', ...addresses, secret },
    },
    existing: {
      summary: 'An ID that a runner has',
      body: { runner_id: 'node-1' },
      status: 409,
      answer: refused('conflict', 'a runner has this ID'),
    },
    relative: {
      summary: 'With a folder that is not absolute',
      body: { runner_id: 'node-2', token_dir: 'tokens' },
      status: 400,
      answer: refused('invalid_request', 'token_dir must be an absolute path'),
    },
  },
  listRunners: {
    all: { summary: 'The first 100', status: 200, answer: { items: [runner], next: null } },
    page: {
      summary: 'One page',
      query: { limit: '50', after: 'node-0' },
      status: 200,
      answer: { items: [runner], next: null },
    },
  },
  getRunner: {
    runner: { summary: 'A runner', path: known, status: 200, answer: runner },
    missing,
  },
  renewRunnerSecret: {
    withGrace: {
      summary: 'The old secret works for five minutes more',
      path: known,
      body: { grace_seconds: 300 },
      status: 200,
      answer: { runner_id: 'node-1', ...addresses, secret },
    },
    missing,
  },
  endRunner: {
    inUse: {
      summary: 'While sandboxes are assigned to it',
      path: known,
      status: 409,
      answer: refused(
        'conflict',
        'sandboxes are assigned to this runner: end or move them first, or ask with sandboxes=end',
      ),
    },
    withSandboxes: {
      summary: 'With its sandboxes',
      path: known,
      query: { sandboxes: 'end' },
      status: 204,
    },
    missing,
  },
  mintRunnerTokens: {
    mixed: {
      summary: 'For a sandbox of its own, and for one that is not',
      body: {
        requests: [
          { sandbox_id: 'web-3c4d', audience: 'sts.amazonaws.com', ttl: 900 },
          { sandbox_id: 'billing-7f9c' },
        ],
      },
      status: 200,
      answer: { results: [{ sandbox_id: 'web-3c4d', ...exampleToken }, notAssigned] },
    },
    none: {
      summary: 'A batch of none',
      body: { requests: [] },
      status: 400,
      answer: refused('invalid_request', 'a batch has 1 to 100 requests, not 0'),
    },
    noSecret: { ...noSecret, body: { requests: [{ sandbox_id: 'web-3c4d' }] } },
    unknownSecret: {
      summary: 'With a secret of nobody',
      body: { requests: [{ sandbox_id: 'web-3c4d' }] },
      credential: 'unknown',
      status: 401,
      answer: refused('invalid_token', 'the secret is not that of a runner'),
    },
  },
  describeRunnerSandboxes: {
    mixed: {
      summary: 'Of a sandbox of its own, and of one that is not',
      body: { requests: [{ sandbox_id: 'web-3c4d' }, { sandbox_id: 'billing-7f9c' }] },
      status: 200,
      answer: {
        results: [
          {
            sandbox_id: 'web-3c4d',
            issuer: 'https://id.example.com',
            subject: 'org:acme:app:web:sandbox:web-3c4d',
            claims: {
              iss: 'https://id.example.com',
              sub: 'org:acme:app:web:sandbox:web-3c4d',
              organization_id: 'acme',
              cluster_id: 'eu-1',
              app: 'web',
              sandbox_id: 'web-3c4d',
              identity_type: 'sandbox',
            },
          },
          notAssigned,
        ],
      },
    },
  },
  listRunnerSandboxes: {
    assignments: {
      summary: 'One live sandbox, and none that ended lately',
      status: 200,
      answer: {
        runner_id: 'node-1',
        registry_id: '0d6f8b1e-6c1c-4f0e-9f3b-3b1f6d7c2a55',
        sandboxes: [
          {
            sandbox_id: 'web-3c4d',
            app: 'web',
            secrets: [{ sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' }],
            token_files: [{ name: 'token' }],
          },
        ],
        ended: [],
      },
    },
    unchanged: {
      summary: 'Whatever the client has is good enough',
      headers: { 'If-None-Match': '*' },
      status: 304,
    },
    noSecret,
  },
  mintSystemToken: {
    puller: {
      summary: 'A workload with its first audience',
      body: { workload: 'image-puller' },
      status: 200,
      answer: exampleToken,
    },
    refused: {
      summary: 'An audience that is not configured',
      body: { workload: 'image-puller', audience: 'sts.amazonaws.com' },
      status: 403,
      answer: refused('access_denied', 'this runner may not ask for this system workload with this audience'),
    },
  },
}
