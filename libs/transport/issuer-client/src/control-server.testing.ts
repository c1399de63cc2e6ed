import {
  createAuthenticateRunner,
  createChangeSandbox,
  createEndRunner,
  createIssuer,
  createIssueSystemToken,
  createKeyRing,
  createListAssignments,
  createRegisterRunner,
  createRegisterSandbox,
  createRegisterSandboxes,
  createRenewRunnerSecret,
  createRenewSandboxSecret,
  createRunnerTokens,
  createVouchToken,
  DEFAULT_ROTATION_POLICY,
  importPrivateKeyPem,
  noteEndedAssignments,
  seconds,
  type EndedAssignment,
  type EndedAssignments,
} from '@workload-identity/core'
import {
  createFixedClock,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '@workload-identity/core/testing'
import { createControlServer, listenOn, type HttpOptions } from '@workload-identity/transport-http'

/** The private key of RFC 8037 appendix A.1. */
const rfc8037Key = `-----BEGIN PRIVATE KEY-----
nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=
-----END PRIVATE KEY-----`

/** The admin token. */
export const ADMIN_TOKEN = 'wia_admin-token-of-at-least-32-characters'

/** The issuer URL. */
export const ISSUER_URL = 'https://issuer.example.com'

const registryId = '33333333-3333-4333-8333-333333333333'

const logger: HttpOptions['logger'] = {
  level: 'silent',
  ...{
    fatal: ignore,
    error: ignore,
    warn: ignore,
    info: ignore,
    debug: ignore,
    trace: ignore,
    silent: ignore,
  },
  child: () => logger,
}

function ignore(): void {
  // These tests look at what the client gives.
}

/** Nothing of the client asks for this. */
const unused = () => Promise.reject(new Error('not part of this test'))

/** The issuer's own control server over the real use cases and registries in memory, listening on a free port. */
export async function startControlServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const clock = createFixedClock().now
  const key = await importPrivateKeyPem(rfc8037Key)
  const ids = { ringId: crypto.randomUUID(), writeId: crypto.randomUUID(), clusterId: 'c1', registryId }
  const ring = createKeyRing({ ...ids, issuerUrl: ISSUER_URL, key }, clock())
  const storage = createMemoryRegistryStorage()
  storage.registryId = registryId
  const registry = { storage, registryId: () => registryId }
  const runners = createMemoryRunnerRegistry(registry)
  const ended = createEndedAssignments()
  const sandboxes = noteEndedAssignments({
    ...{ sandboxes: createMemorySandboxRegistry(registry), ended },
    onChanged: (runnerId) => assignments.noteChange(runnerId),
  })
  const assignments = createListAssignments({
    ...{ sandboxes, ended, clock, registryId: registry.registryId },
    ...{ trustedFor: seconds(2), maxRemembered: 100 },
  })
  const issuer = createIssuer({ ring: () => ring, issuerUrl: ISSUER_URL, clock, organizationId: 'acme' })
  const administration = { sandboxes, runners, clock }
  const rule = { workload: 'image-puller', audiences: ['mirror'] }
  const server = createControlServer({
    ...{ issuer, sandboxes, runners, clock, ring: () => ring },
    registerSandbox: createRegisterSandbox(administration),
    registerSandboxes: createRegisterSandboxes(administration),
    changeSandbox: createChangeSandbox(administration),
    renewSandboxSecret: createRenewSandboxSecret(administration),
    vouchToken: createVouchToken({ issuer, ...administration }),
    registerRunner: createRegisterRunner(administration),
    renewRunnerSecret: createRenewRunnerSecret(administration),
    endRunner: createEndRunner(administration),
    authenticateRunner: createAuthenticateRunner(administration),
    runnerTokens: createRunnerTokens({ findSandbox: sandboxes.findById, issuer, clock }),
    listAssignments: assignments.listAssignments,
    issueSystemToken: createIssueSystemToken({ issuer, rules: [rule] }),
    ...{ acceptRegistryLoss: unused, rotateByHand: unused, revokeKey: unused, removeKey: unused },
    rotation: { policy: DEFAULT_ROTATION_POLICY, maxTtl: seconds(86_400), specification: 'ES256' },
    authenticateAdmin: (token) => (token === ADMIN_TOKEN ? { name: 'ada', role: 'admin' } : undefined),
    tokenUrl: () => 'https://token.example.com/v1/token',
    cluster: { ttl: { defaultTtl: seconds(3600), maxTtl: seconds(86_400) } },
    health: { live: () => ({ problems: [] }), ready: () => ({ problems: [] }) },
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    http: { logger, trustedProxies: [] },
  })
  const url = await listenOn(server, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  return { url, close: () => server.close() }
}

function createEndedAssignments(): EndedAssignments {
  const notes: EndedAssignment[] = []
  return {
    put: async (ended) => void notes.push(...ended),
    list: async (runnerId, from, until) =>
      notes.filter((note) => note.runner_id === runnerId && from <= note.ended_at && note.ended_at <= until),
    removeBefore: async () => 0,
  }
}
