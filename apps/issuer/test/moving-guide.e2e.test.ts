import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { CHECKOUT, endBackgroundIssuer } from './background-issuer.ts'
import { readGuideCommands } from './guide-commands.ts'
import { createTestFolder, findFreePort, startIssuer } from './issuer-process.ts'
import { startTestRedis } from './redis-replicas.ts'
import { sendRequest } from './send-request.ts'
import { startSwitchableProxy } from './switchable-proxy.ts'

const guide = readGuideCommands('moving-stores.md')

/** Mints and verifies without a pause until it is ended, and counts; the keys are fetched anew for every token. */
function startLoad({ publicUrl, tokenUrl }: { publicUrl: string; tokenUrl: string }, secret: string) {
  const failures: string[] = []
  let [verified, isOver] = [0, false]
  const mintAndVerify = async () => {
    const answer = await sendRequest(tokenUrl, '/v1/token', { bearer: secret })
    if (answer.status !== 200) throw new Error(`a mint was answered with ${answer.status}`)
    const jwks = await sendRequest(publicUrl, '/.well-known/jwks.json')
    const keys = createLocalJWKSet(jwks.json as JSONWebKeySet)
    await jwtVerify((answer.json as { value: string }).value, keys, { issuer: publicUrl })
    verified += 1
  }
  const running = (async () => {
    while (!isOver) await mintAndVerify().catch((error: unknown) => failures.push(String(error)))
  })()
  return {
    verified: () => verified,
    async end() {
      isOver = true
      await running
      return { verified, failures }
    },
  }
}

describe('moving-stores.md', { timeout: 120_000 }, () => {
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('moves from SQLite to Redis under a load of mints, none of which fails or fails to verify', async () => {
    const [folder, redis] = [await createTestFolder(), await startTestRedis()]
    const [publicProxy, tokenProxy] = [await startSwitchableProxy(), await startSwitchableProxy()]
    const [publicPort, tokenPort, controlPort] = [
      await findFreePort(),
      await findFreePort(),
      await findFreePort(),
    ]
    const old = await startIssuer({
      folder,
      issuerUrl: publicProxy.url,
      flags: ['--public-listen=127.0.0.1:0'],
    })
    publicProxy.switchTo(old.ready.public)
    tokenProxy.switchTo(old.ready.token)
    const { secret } = await old.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    const before = ((await old.mint(secret)).json as { value: string }).value
    const load = startLoad({ publicUrl: publicProxy.url, tokenUrl: tokenProxy.url }, secret)
    const moreLoad = async () => {
      const seen = load.verified()
      await expect.poll(() => load.verified(), { timeout: 30_000 }).toBeGreaterThan(seen + 2)
    }

    const place = join(folder, 'place')
    mkdirSync(place, { mode: 0o700 })
    const newControl = `http://127.0.0.1:${controlPort}`
    const env = {
      ...{ CHECKOUT, PLACE: place, NEW_CONTROL: newControl, CONTROL: old.ready.control },
      ...{ FROM: `sqlite:${join(folder, 'issuer.db')}`, TO: `redis://${redis.host}:${redis.port}` },
      ...{ ADMIN_TOKEN: old.adminToken, ADMIN_TOKEN_FILE: join(folder, 'admin-token') },
      ...{ WID_STORE: `redis://${redis.host}:${redis.port}`, WID_ISSUER_URL: publicProxy.url },
      ...{ WID_ADMIN_TOKEN_FILE: join(folder, 'admin-token'), WID_PUBLIC_LISTEN: `127.0.0.1:${publicPort}` },
      ...{ WID_TOKEN_LISTEN: `127.0.0.1:${tokenPort}`, WID_CONTROL_LISTEN: `127.0.0.1:${controlPort}` },
    }
    const checked = await guide.run('1. Look at what there is', env)
    const fingerprint = /SHA256:[\w-]+/.exec(checked)?.[0]
    await guide.run('2. Freeze registrations', env)
    const frozen = await old.control('/v1/sandboxes', { method: 'POST', json: { sandbox_id: 'x', app: 'a' } })
    expect(frozen.status).toBe(403)
    const copied = await guide.run('3. Copy', env)
    expect(copied).toContain(`${fingerprint} on both sides`)
    expect(copied).toMatch(/^sandboxes +1 in the source, 1 in the target, all the same$/m)
    endBackgroundIssuer(place)
    await guide.run('4. Start an issuer on the copy', env)
    await moreLoad()

    publicProxy.switchTo(`http://127.0.0.1:${publicPort}`)
    await moreLoad()
    tokenProxy.switchTo(`http://127.0.0.1:${tokenPort}`)
    await moreLoad()
    expect(await old.stop()).toBe(0)
    await moreLoad()
    const { verified, failures } = await load.end()
    expect(failures).toStrictEqual([])
    expect(verified).toBeGreaterThan(10)

    await guide.run('6. Register again', env)
    const register = () =>
      sendRequest(newControl, '/v1/sandboxes', {
        ...{ method: 'POST', bearer: old.adminToken, json: { sandbox_id: 'new', app: 'a' } },
      })
    await expect.poll(async () => (await register()).status, { timeout: 20_000 }).toBe(201)
    const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', publicProxy.url))
    expect((await jwtVerify(before, jwks)).payload.jti).toBe(decodeJwt(before).jti)
  })
})
