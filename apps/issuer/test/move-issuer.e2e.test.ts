import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestClock } from './clock/file-clock.ts'
import {
  createTestFolder,
  findFreePort,
  runIssuer,
  startIssuer,
  type IssuerProcess,
} from './issuer-process.ts'
import { runRelyingParty } from './run-relying-party.ts'
import { sendRequest } from './send-request.ts'
import { createTestCertificates } from './test-certificates.ts'

const audience = 'https://vault.example.com'
const programs = ['openid-client', 'jose', 'aws-jwt-verify'] as const
const path = (relative: string) => new URL(relative, import.meta.url).pathname

describe('an issuer that moves', () => {
  it('is verified by whoever is pinned to the old or the new URL, before, during and after', async () => {
    const folder = await createTestFolder()
    const clock = await createTestClock(folder)
    const { ca, caFile, certFile, keyFile } = createTestCertificates(folder)
    const port = await findFreePort()
    const [oldUrl, newUrl] = [`https://127.0.0.1:${port}`, `https://localhost:${port}`]
    const tls = [`--public-tls-cert=${certFile}`, `--public-tls-key=${keyFile}`, '--signing-algorithm=RS256']
    const start = (issuerUrl: string, ...flags: readonly string[]) =>
      startIssuer({
        ...{ folder, issuerUrl, env: clock.env, flags: [...tls, ...flags] },
        entryPoint: path('clock/clock-main.ts'),
      })
    const verifierEnv = {
      ...clock.env,
      NODE_EXTRA_CA_CERTS: caFile,
      NODE_OPTIONS: `--import=${path('clock/follow-clock.ts')}`,
    }
    /** What each verifier, pinned to that URL, says of the token: the issuer that it names, or nothing. */
    const verify = (token: string, pinned: string) =>
      Promise.all(
        programs.map(async (program) => {
          const run = { program, args: [pinned, audience], input: token, env: verifierEnv }
          const { stdout } = await runRelyingParty(run)
          return stdout === '' ? undefined : (JSON.parse(stdout) as { iss: string }).iss
        }),
      )
    const all = (issuer: string | undefined) => programs.map(() => issuer)
    const discover = async (url: string) => {
      const answer = await sendRequest(url, '/.well-known/openid-configuration', { ca })
      return (answer.json as { issuer: string }).issuer
    }
    const mint = async (issuer: IssuerProcess) => {
      const json = { app: 'web', sandbox_id: 's1', audience, ttl: 86_400 }
      const ask = async () => (await issuer.control('/v1/tokens', { method: 'POST', json })).json
      // After its clock was moved, an issuer signs again once it has read the ring.
      await expect.poll(ask, { timeout: 30_000 }).toHaveProperty('value')
      return ((await ask()) as { value: string }).value
    }
    const facts = async (issuer: IssuerProcess) => (await issuer.control('/v1/issuer')).json

    // Announced: discovery for both, tokens of the old one. Another replica runs on.
    const first = await start(oldUrl, `--announce-issuer=${newUrl}`)
    const replica = await start(oldUrl, '--public-listen=127.0.0.1:0')
    expect(await facts(replica)).toMatchObject({
      issuer: oldUrl,
      announced_issuer: newUrl,
      earlier_issuers: [],
    })
    expect(await Promise.all([oldUrl, newUrl].map(discover))).toEqual([oldUrl, newUrl])
    const oldToken = await mint(first)
    expect(await verify(oldToken, oldUrl)).toEqual(all(oldUrl))
    expect(await first.stop()).toBe(0)

    // Another URL without a word is refused; so is the old one once the issuer has moved.
    const unsaid = await runIssuer({ folder, issuerUrl: newUrl, flags: tls })
    expect([unsaid.exitCode, unsaid.stderr]).toEqual([78, expect.stringContaining(oldUrl)])
    const moved = await start(newUrl, `--move-issuer-from=${oldUrl}`)
    const movedAt = clock.now()
    const refused = await runIssuer({
      folder,
      issuerUrl: oldUrl,
      flags: [...tls, '--public-listen=127.0.0.1:0'],
    })
    expect([refused.exitCode, refused.stderr]).toEqual([78, expect.stringContaining(newUrl)])

    // The replica that runs with the old one is told apart, and its tokens are good as long as it signs.
    const isUnready = async () =>
      ((await replica.control('/readyz')).json as { error_description?: string }).error_description
    await expect.poll(isUnready, { timeout: 30_000 }).toMatch(/ERR_ISSUER_URL_CHANGED/)
    const lateToken = await mint(replica)
    const newToken = await mint(moved)
    expect([oldToken, lateToken, newToken].map((token) => decodeJwt(token).iss)).toEqual([
      oldUrl,
      oldUrl,
      newUrl,
    ])
    expect(await Promise.all([oldUrl, newUrl].map(discover))).toEqual([oldUrl, newUrl])
    expect(await verify(lateToken, oldUrl)).toEqual(all(oldUrl))
    expect(await verify(newToken, newUrl)).toEqual(all(newUrl))
    expect(await verify(newToken, oldUrl)).toEqual(all(undefined))
    const { earlier_issuers: earlier } = (await facts(moved)) as { earlier_issuers: { until: number }[] }
    expect(earlier).toEqual([{ issuer: oldUrl, until: expect.any(Number) as number }])
    expect(Math.abs((earlier[0]?.until ?? 0) - movedAt - 93_600)).toBeLessThan(60)

    await clock.advance(300)
    const stale = await replica.control('/v1/tokens', {
      method: 'POST',
      json: { app: 'web', sandbox_id: 's1' },
    })
    expect(stale.status).toBe(503)

    // Until the last second of the last token, and then no more.
    await clock.advance(85_800)
    expect(await verify(lateToken, oldUrl)).toEqual(all(oldUrl))
    await clock.advance(8_000)
    expect(await facts(moved)).toMatchObject({ issuer: newUrl, earlier_issuers: [] })
    await expect.poll(() => discover(oldUrl), { timeout: 30_000 }).toBe(newUrl)
    expect(await verify(await mint(moved), newUrl)).toEqual(all(newUrl))
    expect(await moved.stop()).toBe(0)
  }, 240_000)
})
