import type { IssuerFactsBody, RunnerTokenRequest, RunnerTokenResult } from '@workload-identity/api'
import { IssuerError } from '@workload-identity/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRemoteTokenIssuer } from './create-remote-token-issuer.ts'
import { IssuerRefusal } from './issuer-refusal.ts'
import { ISSUER, TOKEN } from './scripted-server.testing.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const away = () => new IssuerError('ERR_ISSUER_UNAVAILABLE', 'away')

/** An issuer in memory whose URL and availability tests change. */
function createUpstream(answer: (request: RunnerTokenRequest) => object = () => TOKEN) {
  const state = { issuer: 'https://one.example.com', isAway: false, reads: 0 }
  const asked: RunnerTokenRequest[] = []
  const client = {
    async readIssuer(): Promise<IssuerFactsBody> {
      state.reads += 1
      if (state.isAway) throw away()
      return { ...ISSUER, issuer: state.issuer, active_key: { kid: 'k', alg: 'RS256' } }
    },
    async mintTokens(requests: readonly RunnerTokenRequest[]) {
      asked.push(...requests)
      return requests.map(
        (request) => ({ sandbox_id: request.sandbox_id, ...answer(request) }) as RunnerTokenResult,
      )
    },
  }
  return { state, asked, client }
}

describe('createRemoteTokenIssuer', () => {
  it('knows no issuer URL before it was read', () => {
    const issuer = createRemoteTokenIssuer(createUpstream())
    expect(() => issuer.issuerUrl).toThrow(expect.objectContaining({ code: 'ERR_ISSUER_UNAVAILABLE' }))
  })

  it('reads the issuer URL at start and every five minutes', async () => {
    const { state, client } = createUpstream()
    const issuer = createRemoteTokenIssuer({ client })
    await issuer.start()
    expect(issuer.issuerUrl).toBe('https://one.example.com')
    state.issuer = 'https://two.example.com'
    await vi.advanceTimersByTimeAsync(299_999)
    expect(issuer.issuerUrl).toBe('https://one.example.com')
    await vi.advanceTimersByTimeAsync(1)
    expect(issuer.issuerUrl).toBe('https://two.example.com')
    issuer.stop()
  })

  it('keeps the issuer URL while the issuer is away, and asks every 5 seconds until it is back', async () => {
    const { state, client } = createUpstream()
    const failures: unknown[] = []
    const issuer = createRemoteTokenIssuer({ client, onRefreshFailed: (error) => failures.push(error) })
    await issuer.start()
    Object.assign(state, { isAway: true, issuer: 'https://two.example.com' })
    await vi.advanceTimersByTimeAsync(300_000)
    expect(failures).toHaveLength(1)
    expect(issuer.issuerUrl).toBe('https://one.example.com')
    state.isAway = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(issuer.issuerUrl).toBe('https://two.example.com')
    issuer.stop()
  })

  it('starts while the issuer is away', async () => {
    const { state, client } = createUpstream()
    state.isAway = true
    const issuer = createRemoteTokenIssuer({ client })
    await issuer.start()
    expect(() => issuer.issuerUrl).toThrow(expect.objectContaining({ code: 'ERR_ISSUER_UNAVAILABLE' }))
    state.isAway = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(issuer.issuerUrl).toBe('https://one.example.com')
    issuer.stop()
  })

  it('asks no more after stop, and once at a time after a second start', async () => {
    const { state, client } = createUpstream()
    const issuer = createRemoteTokenIssuer({ client, refreshEveryMs: 1_000 })
    await Promise.all([issuer.start(), issuer.start()])
    expect(state.reads).toBe(2)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(state.reads).toBe(3)
    issuer.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(state.reads).toBe(3)
    expect(issuer.issuerUrl).toBe('https://one.example.com')
  })

  it('asks for the sandbox alone: the app is the affair of the issuer', async () => {
    const { asked, client } = createUpstream()
    const issuer = createRemoteTokenIssuer({ client })
    expect(await issuer.issueToken('forged', 's1')).toEqual(TOKEN)
    await issuer.issueToken('', 's2', { audience: ['a', 'b'], ttl: 600 })
    expect(asked).toEqual([{ sandbox_id: 's1' }, { sandbox_id: 's2', audience: ['a', 'b'], ttl: 600 }])
  })

  it('gives an entry that was refused as an IssuerRefusal', async () => {
    const { client } = createUpstream(() => ({ error: 'access_denied', error_description: 'not yours' }))
    const issued = createRemoteTokenIssuer({ client }).issueToken('web', 's1')
    await expect(issued).rejects.toBeInstanceOf(IssuerRefusal)
    await expect(issued).rejects.toMatchObject({
      status: 403,
      error: 'access_denied',
      description: 'not yours',
    })
  })

  it.each([
    ['temporarily_unavailable', 503],
    ['server_error', 500],
  ])('gives an entry that failed with %s as ERR_ISSUER_UNAVAILABLE', async (error, status) => {
    const { client } = createUpstream(() => ({ error, error_description: 'no' }))
    const issued = createRemoteTokenIssuer({ client }).issueToken('web', 's1')
    await expect(issued).rejects.toMatchObject({ code: 'ERR_ISSUER_UNAVAILABLE', details: { status } })
  })

  it('passes on that the issuer is away', async () => {
    const client = { ...createUpstream().client, mintTokens: () => Promise.reject(away()) }
    const issued = createRemoteTokenIssuer({ client }).issueToken('web', 's1')
    await expect(issued).rejects.toMatchObject({ code: 'ERR_ISSUER_UNAVAILABLE' })
  })
})
