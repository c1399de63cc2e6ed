import { createHash } from 'node:crypto'
import type { Assignment, EndedAssignment, IssuerFactsBody } from '@workload-identity/api'
import {
  createIssuer,
  createKeyRing,
  createRunnerTokens,
  hashSecret,
  importPrivateKeyPem,
  IssuerError,
  unixSeconds,
  type Clock,
  type IssuedToken,
  type RunnerRecord,
  type SandboxRecord,
} from '@workload-identity/core'
import { createMemoryRegistryStorage, createMemorySandboxRegistry } from '@workload-identity/core/testing'
import { IssuerRefusal, type RunnerClient } from '@workload-identity/issuer-client'
import { toErrorAnswer } from '@workload-identity/transport-http'
import type { ManualTime } from './manual-time.ts'

/** The private key of RFC 8037 appendix A.1. */
const rfc8037Key = `-----BEGIN PRIVATE KEY-----
nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=
-----END PRIVATE KEY-----`

const REGISTRY_ID = '33333333-3333-4333-8333-333333333333'
const ISSUER_URL = 'https://id.example.com'

/**
 * An issuer in memory over the real use cases, asked through a client that tests can hold up and cut off.
 *
 * @param work takes note of what takes real time (see `ManualTime`).
 */
export async function createMemoryIssuer(clock: Clock, work: ManualTime['work'] = (promise) => promise) {
  const key = await importPrivateKeyPem(rfc8037Key)
  const ids = { ringId: crypto.randomUUID(), writeId: crypto.randomUUID(), registryId: REGISTRY_ID }
  const ring = createKeyRing({ ...ids, clusterId: 'c1', issuerUrl: ISSUER_URL, key }, clock())
  const storage = createMemoryRegistryStorage()
  storage.registryId = REGISTRY_ID
  const sandboxes = createMemorySandboxRegistry({ storage, registryId: () => REGISTRY_ID })
  const issuer = createIssuer({ ring: () => ring, issuerUrl: ISSUER_URL, clock, organizationId: 'acme' })
  const tokens = createRunnerTokens({
    findSandbox: (id, now) => sandboxes.findById(id, now),
    issuer,
    clock,
  })
  const runner: RunnerRecord = {
    runner_id: 'runner-1',
    secrets: [],
    created_at: clock(),
    revision: 1,
  }
  const state = {
    /** No question gets an answer. */
    isAway: false,
    /** The runner was ended, or its secret replaced. */
    isRefusing: false,
    /** Questions for assignments are answered, and no others. */
    isSigningAway: false,
    registryId: REGISTRY_ID,
    runnerId: runner.runner_id,
    ended: [] as EndedAssignment[],
    facts: {
      issuer: ISSUER_URL,
      earlier_issuers: [],
      discovery_url: `${ISSUER_URL}/.well-known/openid-configuration`,
      jwks_uri: `${ISSUER_URL}/.well-known/jwks.json`,
      token_url: 'https://token.example.com/v1/token',
      default_audience: ISSUER_URL,
      default_ttl: 3600,
      max_ttl: 86_400,
      active_key: { kid: 'k1', alg: 'EdDSA' },
      keys_fingerprint: 'SHA256:1',
      registry_id: REGISTRY_ID,
    } as IssuerFactsBody,
    /** What the next mints wait for. */
    gate: Promise.resolve() as Promise<unknown>,
  }
  const calls = { mints: [] as string[][], identities: [] as string[][], lists: 0, facts: 0 }

  const assertThere = () => {
    if (state.isAway) throw new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the issuer is away')
    if (state.isRefusing) {
      const description = 'the secret is not that of a runner'
      throw new IssuerRefusal({ status: 401, error: 'invalid_token', description })
    }
  }
  const assertSigning = () => {
    assertThere()
    if (state.isSigningAway) throw new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the issuer is away')
  }
  const entry = async <T>(sandbox_id: string, answer: Promise<T>) => {
    try {
      return { sandbox_id, ...(await work(answer)) }
    } catch (error) {
      const { error: code, description } = toErrorAnswer(error)
      return { sandbox_id, error: code, error_description: description }
    }
  }

  const client: RunnerClient = {
    async mintTokens(requests) {
      calls.mints.push(requests.map(({ sandbox_id }) => sandbox_id))
      assertSigning()
      const results = await Promise.all(
        requests.map((request) => entry(request.sandbox_id, tokens.issue(runner, request))),
      )
      await state.gate
      return results
    },
    async describeSandboxes(sandboxIds) {
      calls.identities.push([...sandboxIds])
      assertSigning()
      const identity = async (id: string) => {
        const { sandbox_id = id, identity_type: _, ...claims } = await tokens.describe(runner, id)
        const said = { ...claims, sandbox_id, identity_type: 'sandbox' as const }
        return { issuer: claims.iss, subject: claims.sub, claims: said }
      }
      const results = await Promise.all(sandboxIds.map((id) => entry(id, identity(id))))
      await state.gate
      return results
    },
    async listAssignments(etag) {
      calls.lists += 1
      assertThere()
      const page = await sandboxes.list({ limit: 20_000, runnerId: runner.runner_id }, clock())
      const list = {
        runner_id: state.runnerId,
        registry_id: state.registryId,
        sandboxes: page.items.map(toAssignment),
        ended: state.ended,
      }
      const tag = `"${createHash('sha256').update(JSON.stringify(list)).digest('hex')}"`
      return tag === etag ? 'not-modified' : { etag: tag, list }
    },
    mintSystemToken: () => Promise.reject(new Error('not of this issuer')),
    async readIssuer() {
      calls.facts += 1
      assertThere()
      return state.facts
    },
  }

  return {
    client,
    state,
    calls,
    /** Assigns a sandbox to the runner and gives the SHA-256 of its secret. */
    async register(sandboxId: string, changes: Partial<SandboxRecord> = {}): Promise<string> {
      const sha256 = await hashSecret(`wis_${sandboxId}`)
      await sandboxes.register(
        {
          sandbox_id: sandboxId,
          app: 'web',
          runner_id: runner.runner_id,
          secrets: [{ sha256 }],
          created_at: clock(),
          revision: 1,
          ...changes,
        },
        clock(),
      )
      return sha256
    },
    async change(sandboxId: string, changes: Partial<SandboxRecord>): Promise<void> {
      const record = await sandboxes.findById(sandboxId, clock())
      if (record === undefined) throw new Error(`no sandbox ${sandboxId}`)
      await sandboxes.replace({ ...record, ...changes, revision: record.revision + 1 }, clock())
    },
    end: (sandboxId: string) => sandboxes.end(sandboxId, clock()),
    /** Holds up the answers of mints and identities until what it gives is called. */
    hold(): () => void {
      const gate = Promise.withResolvers<undefined>()
      state.gate = gate.promise
      return () => gate.resolve(undefined)
    },
  }
}

/** The claims of a token, unverified. */
export function claimsOf({ value }: IssuedToken): Record<string, unknown> {
  const payload = Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()
  return JSON.parse(payload) as Record<string, unknown>
}

function toAssignment(record: SandboxRecord): Assignment {
  const { sandbox_id, app, secrets, expires_at, allowed_audiences, max_ttl, subject } = record
  return {
    sandbox_id,
    app,
    secrets: secrets.map(({ sha256, valid_until }) => ({
      sha256,
      ...(valid_until !== undefined && { valid_until: unixSeconds(valid_until) }),
    })),
    ...(expires_at !== undefined && { expires_at }),
    ...(allowed_audiences !== undefined && { allowed_audiences: [...allowed_audiences] }),
    ...(max_ttl !== undefined && { max_ttl }),
    ...(subject !== undefined && { subject }),
  }
}
