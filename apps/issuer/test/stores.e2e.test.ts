import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestFolder, findFreePort, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }
const engines = ['sqlite', 'file']

async function startOn(engine: string, folder: string, issuerUrl: string): Promise<IssuerProcess> {
  return startIssuer({ folder, issuerUrl, flags: [`--store=${engine}:${join(folder, 'store', 'keys')}`] })
}

async function mintToken(issuer: IssuerProcess, secret: string): Promise<string> {
  const answer = await issuer.mint(secret)
  expect(answer.status).toBe(200)
  return (answer.json as { value: string }).value
}

async function fetchJwks(issuer: IssuerProcess): Promise<string> {
  const answer = await sendRequest(issuer.ready.public, '/.well-known/jwks.json')
  expect(answer.status).toBe(200)
  return answer.text
}

async function verify(jwks: string, token: string): Promise<string | undefined> {
  const keys = createLocalJWKSet(JSON.parse(jwks) as JSONWebKeySet)
  return (await jwtVerify(token, keys)).payload.jti
}

describe.each(engines)('an issuer with its store in %s', (engine) => {
  it.each<NodeJS.Signals>(['SIGTERM', 'SIGKILL'])(
    'keeps key and registrations over %s: what was minted before verifies after',
    async (signal) => {
      const folder = await createTestFolder()
      const issuerUrl = `http://127.0.0.1:${await findFreePort()}`
      const first = await startOn(engine, folder, issuerUrl)
      const { secret } = await first.register(sandbox)
      const before = await mintToken(first, secret)
      const jwks = await fetchJwks(first)
      first.signal(signal)
      await first.exited

      const second = await startOn(engine, folder, issuerUrl)
      expect(await verify(await fetchJwks(second), before)).toBe(decodeJwt(before).jti)
      second.signal(signal)
      await second.exited

      const third = await startOn(engine, folder, issuerUrl)
      expect(await fetchJwks(third)).toBe(jwks)
      const after = await mintToken(third, secret)
      expect(decodeJwt(after).sub).toBe('app:billing:sandbox:billing-7f9c')
      expect(third.adminToken).toBe(first.adminToken)
    },
  )
})

describe('an issuer whose store goes away while it runs', () => {
  it('answers 503 instead of 403, goes on publishing its keys, and heals without a restart', async () => {
    const folder = await createTestFolder()
    const issuer = await startOn('file', folder, `http://127.0.0.1:${await findFreePort()}`)
    const { secret } = await issuer.register(sandbox)
    const token = await mintToken(issuer, secret)
    await rename(join(folder, 'store'), join(folder, 'away'))

    for (const asked of [secret, 'wis_nobody-has-this-one']) {
      const answer = await issuer.mint(asked)
      expect(answer.status).toBe(503)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(answer.json).toMatchObject({ error: 'temporarily_unavailable' })
    }
    expect(await verify(await fetchJwks(issuer), token)).toBe(decodeJwt(token).jti)
    expect((await sendRequest(issuer.ready.control, '/livez')).status).toBe(200)
    expect((await sendRequest(issuer.ready.control, '/readyz')).status).toBe(503)

    await rename(join(folder, 'away'), join(folder, 'store'))
    await mintToken(issuer, secret)
    expect((await issuer.mint('wis_nobody-has-this-one')).status).toBe(403)
    expect((await sendRequest(issuer.ready.control, '/readyz')).status).toBe(200)
  })
})
