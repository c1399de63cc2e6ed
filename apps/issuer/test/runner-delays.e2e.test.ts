import { describe, expect, it } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

/** The 10 s of a store on disk, and what a busy machine may add to them. */
const within = { timeout: 15_000, interval: 200 }

/** Sandboxes that an issuer lists for a runner, and those that it says have ended. */
async function listOf(issuer: IssuerProcess, bearer: string) {
  const { json } = await sendRequest(issuer.ready.control, '/v1/runner/sandboxes', { bearer })
  const { sandboxes, ended } = json as Record<'sandboxes' | 'ended', readonly { sandbox_id: string }[]>
  return [sandboxes, ended].map((entries) => entries.map(({ sandbox_id }) => sandbox_id))
}

/** What a runner is answered when it asks for a token. */
async function mintOf(issuer: IssuerProcess, bearer: string, sandbox_id: string): Promise<string> {
  const { status, json } = await sendRequest(issuer.ready.control, '/v1/runner/tokens', {
    ...{ method: 'POST', bearer, json: { requests: [{ sandbox_id }] } },
  })
  const { results } = json as { results?: readonly { error?: string }[] }
  return status === 200 ? (results?.[0]?.error ?? 'issued') : String(status)
}

describe('two issuers on one SQLite file', () => {
  it('notice within 10 s what the other one did to runners and their sandboxes', async () => {
    const folder = await createTestFolder()
    const flags = ['--signing-algorithm=ES256']
    const first = await startIssuer({ folder, flags })
    const { issuerUrl } = first
    const second = await startIssuer({ folder, issuerUrl, flags: [...flags, '--public-listen=127.0.0.1:0'] })
    const { json } = await first.control('/v1/runners', { method: 'POST', json: { runner_id: 'node-1' } })
    const { secret } = json as { secret: string }
    await first.control('/v1/runners', { method: 'POST', json: { runner_id: 'node-2' } })
    for (const sandbox_id of ['ended', 'kept', 'moved']) {
      await first.register({ sandbox_id, app: 'web', runner_id: 'node-1' })
    }
    await expect.poll(() => listOf(second, secret), within).toEqual([['ended', 'kept', 'moved'], []])

    await first.control('/v1/sandboxes/ended', { method: 'DELETE' })
    await first.control('/v1/sandboxes/moved', { method: 'PATCH', json: { runner_id: 'node-2' } })
    // Tokens follow the store itself; what is listed may be remembered for a while.
    expect(await mintOf(second, secret, 'ended')).toBe('access_denied')
    expect(await mintOf(second, secret, 'moved')).toBe('access_denied')
    expect(await mintOf(second, secret, 'kept')).toBe('issued')
    await expect.poll(() => listOf(second, secret), within).toEqual([['kept'], ['ended', 'moved']])

    await first.control('/v1/runners/node-1?sandboxes=end', { method: 'DELETE' })
    expect(await mintOf(second, secret, 'kept')).toBe('401')
  })
})
