import {
  createAcceptRegistryLoss,
  createAuthenticateSandbox,
  createChangeSandbox,
  createIssuer,
  createKeyRing,
  createPublishKeys,
  createRegisterSandbox,
  createRegisterSandboxes,
  createRemoveKey,
  createRenewSandboxSecret,
  createRevokeKey,
  createRotateByHand,
  createSandboxTokens,
  createVouchToken,
  decodeKeyRing,
  DEFAULT_ROTATION_POLICY,
  encodeKeyRing,
  findRequestedIssuer,
  importPrivateKeyPem,
  livingIssuerUrls,
  seconds,
  type FollowedKeyRing,
  type IssuerOptions,
  type KeyRing,
  type RingIssuer,
} from '@workload-identity/core'
import {
  createFixedClock,
  createMemoryKeyStore,
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '@workload-identity/core/testing'
import type { FastifyBaseLogger } from 'fastify'
import type { AdminAction, HealthReport } from './control-options.ts'
import { createControlServer } from './create-control-server.ts'
import { createPublicServer, type VerifierFacts } from './create-public-server.ts'
import { createTokenServer } from './create-token-server.ts'
import type { HttpAnswerFacts, HttpOptions } from './http-options.ts'
import { createRunnerServices } from './runner-services.testing.ts'

/** The private key of RFC 8037 appendix A.1, so that goldens can be compared with a document that others wrote. */
const rfc8037Key = `-----BEGIN PRIVATE KEY-----
nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=
-----END PRIVATE KEY-----`

/** What tests change about the services. */
export interface TestServicesOptions {
  readonly issuerUrl?: string
  readonly issuer?: Partial<IssuerOptions>
  readonly jwksAliases?: readonly string[]
  readonly http?: Partial<HttpOptions>
  readonly tokenUrl?: string
  /** URLs of the ring besides its current one. */
  readonly otherIssuers?: readonly RingIssuer[]
  readonly onKeysServed?: (verifier: VerifierFacts) => void
}

/** One line as it would be logged. */
export interface LogLine {
  readonly level: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly message: unknown
}

/** The admin token with the role `admin`, and the one with the role `read`. */
export const ADMIN_TOKEN = 'wia_admin-token-of-at-least-32-characters'
export const READ_TOKEN = 'wia_read-token-of-at-least-32-characters-'

/** The registry of the ring. */
export const REGISTRY_ID = '33333333-3333-4333-8333-333333333333'

/** The three servers over the real use cases, a memory registry and a clock that stands still. */
export async function createTestServices(options: TestServicesOptions = {}) {
  const issuerUrl = options.issuerUrl ?? 'https://issuer.example.com'
  const clock = createFixedClock()
  const key = await importPrivateKeyPem(rfc8037Key)
  const [ringId, writeId] = [crypto.randomUUID(), crypto.randomUUID()]
  const ids = { ringId, writeId, clusterId: 'c1', registryId: REGISTRY_ID }
  const state: { ring: KeyRing; isFresh: boolean; health: HealthReport } = {
    ring: withIssuers(createKeyRing({ ...ids, issuerUrl, key }, clock.now()), options.otherIssuers),
    isFresh: true,
    health: { problems: [] },
  }
  const ring = () => state.ring
  const storage = createMemoryRegistryStorage()
  storage.registryId = REGISTRY_ID
  const issuer = createIssuer({
    ring,
    issuerUrl,
    clock: clock.now,
    organizationId: 'acme',
    ...options.issuer,
  })
  const publishKeys = createPublishKeys({
    ring,
    isFresh: () => state.isFresh,
    policy: DEFAULT_ROTATION_POLICY,
    clock: clock.now,
  })
  const registryId = () => state.ring.registry_id
  const runners = createMemoryRunnerRegistry({ storage, registryId })
  const { sandboxes, useCases, minted, unreachable, held } = createRunnerServices({
    sandboxes: createMemorySandboxRegistry({ storage, registryId }),
    ...{ runners, registryId, issuer, clock: clock.now },
  })
  const authenticateSandbox = createAuthenticateSandbox({ sandboxes, clock: clock.now })
  const administration = { sandboxes, runners, clock: clock.now }
  const { logger, lines } = createRecordingLogger()
  const answers: HttpAnswerFacts[] = []
  const actions: AdminAction[] = []
  const mints: string[] = []
  const http: HttpOptions = {
    logger,
    trustedProxies: [],
    onAnswer: (answer) => answers.push(answer),
    ...options.http,
  }
  const sandboxTokens = createSandboxTokens({ authenticateSandbox, issuer })
  const admins = new Map([
    [ADMIN_TOKEN, { name: 'ada', role: 'admin' as const }],
    [READ_TOKEN, { name: 'rob', role: 'read' as const }],
  ])
  const keyStore = createMemoryKeyStore({ ring: { ...state.ring, document: encodeKeyRing(state.ring) } })
  const keyRing: FollowedKeyRing = {
    ring,
    signingRing: ring,
    isFresh: () => state.isFresh,
    readAt: clock.now,
    latestReadAt: clock.now,
    lastFailure: () => undefined,
    async refresh() {
      state.ring = decodeKeyRing((await keyStore.load())?.document ?? '')
      return { outcome: 'took-over' as const }
    },
    async save(changed, expected) {
      await keyStore.save({ ...changed, document: encodeKeyRing(changed) }, expected)
      state.ring = changed
    },
  }
  const rotation = {
    policy: DEFAULT_ROTATION_POLICY,
    maxTtl: seconds(86_400),
    specification: 'ES256',
  } as const
  const keyChanges = { ...rotation, keyRing, clock: clock.now }
  const servers = {
    public: createPublicServer({
      ...{ issuer, publishKeys, http },
      jwksAliases: options.jwksAliases ?? [],
      otherIssuerUrls: livingIssuerUrls(state.ring, clock.now()),
      findIssuerUrl: (request) => findRequestedIssuer(state.ring, clock.now(), request),
      onKeysServed: (verifier) => options.onKeysServed?.(verifier),
    }),
    token: createTokenServer({ sandboxTokens, http }),
    control: createControlServer({
      issuer,
      ring,
      sandboxes,
      clock: clock.now,
      registerSandbox: createRegisterSandbox(administration),
      registerSandboxes: createRegisterSandboxes(administration),
      changeSandbox: createChangeSandbox(administration),
      renewSandboxSecret: createRenewSandboxSecret(administration),
      vouchToken: createVouchToken({ issuer, ...administration }),
      ...useCases,
      onBatchedMint: (outcome) => mints.push(outcome),
      acceptRegistryLoss: createAcceptRegistryLoss({
        keyRing,
        registry: createMemoryRegistryIdentity(storage),
      }),
      rotateByHand: createRotateByHand(keyChanges),
      revokeKey: createRevokeKey(keyChanges),
      removeKey: createRemoveKey(keyChanges),
      rotation,
      authenticateAdmin: (token) => admins.get(token),
      tokenUrl: () => options.tokenUrl ?? 'https://token.example.com/v1/token',
      cluster: { organizationId: 'acme', ttl: { defaultTtl: seconds(3600), maxTtl: seconds(86_400) } },
      health: { live: () => state.health, ready: async () => state.health },
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
      onAdminAction: (action) => actions.push(action),
      http,
    }),
  }

  /** A request to the control server by an admin, or by whoever has the token. */
  const asAdmin = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    token = ADMIN_TOKEN,
  ) =>
    servers.control.inject({
      method,
      url,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { payload: body }),
    })

  /** Registers a sandbox and gives its secret. */
  const register = async (body: object = {}): Promise<string> => {
    const answer = await asAdmin('POST', '/v1/sandboxes', { sandbox_id: 's1', app: 'web', ...body })
    return answer.json().secret
  }

  /** Registers a runner and gives its secret. */
  const registerRunner = async (runner_id: string, body: object = {}): Promise<string> => {
    const answer = await asAdmin('POST', '/v1/runners', { runner_id, ...body })
    return answer.json().secret
  }

  const close = () => Promise.all(Object.values(servers).map((server) => server.close()))
  return {
    ...servers,
    ...{ issuer, clock, state, storage, lines, answers, actions, mints, minted, unreachable, held },
    ...{ asAdmin, register, registerRunner, close },
  }
}

function withIssuers(ring: KeyRing, others: readonly RingIssuer[] = []): KeyRing {
  return { ...ring, issuers: [...ring.issuers, ...others] }
}

/** The services of a test. */
export type TestServices = Awaited<ReturnType<typeof createTestServices>>

/** A logger that keeps what it is told. */
export function createRecordingLogger(): { logger: FastifyBaseLogger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: string) =>
    (facts: unknown, message?: unknown): void =>
      void lines.push({ level, facts: facts as LogLine['facts'], message })
  const logger: FastifyBaseLogger = {
    level: 'trace',
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
    silent: () => undefined,
    child: () => logger,
  }
  return { logger, lines }
}
