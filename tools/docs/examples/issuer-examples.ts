import { refused, type OperationExamples } from './example.ts'
import { keyExamples } from './key-examples.ts'
import { exampleJwk } from './public-examples.ts'
import { exampleToken } from './token-examples.ts'

const exampleRegistry = '0d6f8b1e-6c1c-4f0e-9f3b-3b1f6d7c2a55'

/** Examples of the rest of the control listener. */
export const issuerExamples: OperationExamples = {
  vouchToken: {
    unregistered: {
      summary: 'For a sandbox that only the controller knows',
      body: { app: 'batch', sandbox_id: 'batch-41', audience: 'sts.amazonaws.com', ttl: 900 },
      status: 200,
      answer: exampleToken,
    },
    registered: {
      summary: 'For a registered sandbox, with the defaults',
      body: { app: 'billing', sandbox_id: 'billing-7f9c' },
      status: 200,
      answer: exampleToken,
    },
    otherApp: {
      summary: 'For a sandbox that belongs to another application',
      body: { app: 'batch', sandbox_id: 'billing-7f9c' },
      status: 409,
      answer: refused('conflict', 'the sandbox is registered for another app'),
    },
  },
  acceptRegistryLoss: {
    nothingLost: {
      summary: 'While nothing is lost, or not the registry that was named',
      body: { expected_registry_id: exampleRegistry },
      status: 409,
      answer: refused(
        'conflict',
        'the registry is not lost, or it is another one that is: see /readyz and registry_id of /v1/issuer',
      ),
    },
    emptied: {
      summary: 'A store that was emptied, whichever registry it held',
      body: {},
      status: 200,
      answer: {
        registry_id: '5b0c5c2e-95a3-4c39-8d4a-1f6f0f8f3f6e',
        lost_registry_id: exampleRegistry,
        is_empty: true,
      },
    },
  },
  getIssuer: {
    facts: {
      summary: 'An issuer that allows any audience',
      status: 200,
      answer: {
        issuer: 'https://id.example.com',
        earlier_issuers: [],
        organization_id: 'acme',
        cluster_id: 'eu-1',
        discovery_url: 'https://id.example.com/.well-known/openid-configuration',
        jwks_uri: 'https://id.example.com/.well-known/jwks.json',
        token_url: 'http://127.0.0.1:7123/v1/token',
        default_audience: 'https://id.example.com',
        default_ttl: 3600,
        max_ttl: 86400,
        active_key: { kid: exampleJwk.kid, alg: 'RS256' },
        keys_fingerprint: 'SHA256:M8Hu0n6dP0RP3hU_6VMGzVmvexMO9qzaJognIHp9O1k',
        registry_id: exampleRegistry,
      },
    },
  },
  ...keyExamples,
  getLiveness: { alive: { summary: 'A process that lives', status: 200, answer: { status: 'ok' } } },
  getReadiness: { ready: { summary: 'An issuer that may sign', status: 200, answer: { status: 'ok' } } },
  getMetrics: {
    metrics: {
      summary: 'A few of them',
      status: 200,
      answer: '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n',
    },
  },
}
