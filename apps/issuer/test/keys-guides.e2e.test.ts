import { createHash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { CHECKOUT, endBackgroundIssuer } from './background-issuer.ts'
import { createTestClock } from './clock/file-clock.ts'
import { readGuideCommands } from './guide-commands.ts'
import { createTestFolder, findFreePort, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const DAY = 86_400
const clockMain = fileURLToPath(new URL('clock/clock-main.ts', import.meta.url))
const soon = { timeout: 30_000, interval: 50 }

async function startClockedIssuer(flags: readonly string[] = []) {
  const folder = await createTestFolder()
  const clock = await createTestClock(folder)
  const issuer = await startIssuer({
    folder,
    env: clock.env,
    entryPoint: clockMain,
    flags: ['--signing-algorithm=ES256', ...flags],
  })
  return { folder, clock, issuer, variables: variablesOf(issuer) }
}

function variablesOf({ ready, folder }: IssuerProcess) {
  const ADMIN_TOKEN_FILE = join(folder, 'admin-token')
  return { CHECKOUT, CONTROL: ready.control, PUBLIC: ready.public, ADMIN_TOKEN_FILE }
}

/** The IDs of the keys by state. */
async function keysOf(issuer: IssuerProcess): Promise<Readonly<Record<string, string>>> {
  const { items } = (await issuer.control('/v1/keys')).json as {
    readonly items: readonly { readonly kid: string; readonly state: string }[]
  }
  return Object.fromEntries(items.map(({ kid, state }) => [state, kid]))
}

async function mint(issuer: IssuerProcess, secret: string): Promise<string> {
  await expect.poll(async () => (await issuer.mint(secret)).status, soon).toBe(200)
  return ((await issuer.mint(secret)).json as { readonly value: string }).value
}

describe('keys.md', { timeout: 120_000 }, () => {
  const guide = readGuideCommands('keys.md')
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('shows the keys and the plan, rotates slowly and at once, removes and watches', async () => {
    const { clock, issuer, variables } = await startClockedIssuer()
    const { active = '' } = await keysOf(issuer)
    const looked = await guide.run('Looking', variables)
    expect(looked).toMatch(new RegExp(`^kid .*\\n${active} +ES256 +active `))
    expect(looked).toMatch(/^\S+Z {2}published {2}\(the next key\) .*\(publishAhead\)$/m)
    expect(looked).not.toMatch(/BROKEN/)

    expect(await guide.run('Rotating by hand', variables)).toMatch(/^published /)
    const { next = '' } = await keysOf(issuer)
    await clock.advance(DAY)
    expect(await guide.run('Rotating by hand', variables)).toMatch(`${next} signs from now on\n`)
    expect(await keysOf(issuer)).toEqual({ active: next, retired: active })

    const forced = await guide.run('Rotating at once', { ...variables, KID: next })
    expect(forced).toMatch(/signs from now on\nverifiers that cached the keys may refuse its tokens until /)
    await expect(guide.run('Rotating at once', { ...variables, KID: next })).rejects.toThrow(/409/)

    const remove = { ...variables, KID: active }
    await expect(guide.run('Removing a retired key', remove)).rejects.toThrow(/tokens of key .* may be alive/)
    expect(await guide.run('Watching', variables)).toMatch(/^wid_rotation_failures_total 0$/m)
  })
})

describe('emergencies.md', { timeout: 120_000 }, () => {
  const guide = readGuideCommands('emergencies.md')
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('ends a key that leaked', async () => {
    const { issuer, variables } = await startClockedIssuer()
    const { secret } = await issuer.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    await issuer.control('/v1/keys/rotate', { method: 'POST' })
    const { active = '', next = '' } = await keysOf(issuer)
    expect(await guide.run('Look', variables)).toContain(next)
    for (const KID of [next, active]) {
      expect(await guide.run('See that it is gone', { ...variables, KID })).not.toBe('')
      expect(await guide.run('Revoke', { ...variables, KID })).toMatch(`revoked ${KID}; verifiers may accept`)
      expect(await guide.run('See that it is gone', { ...variables, KID })).toBe('')
    }
    const { kid = '' } = decodeProtectedHeader(await mint(issuer, secret))
    expect([active, next]).not.toContain(kid)
  })

  it('refuses another issuer URL, and begins anew under the same one when the store is lost', async () => {
    const [folder, port, tokenPort, controlPort] = [
      await createTestFolder(),
      await findFreePort(),
      await findFreePort(),
      await findFreePort(),
    ]
    const issuerUrl = `http://127.0.0.1:${port}`
    const lost = await startIssuer({ folder, issuerUrl })
    const { secret } = await lost.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    await lost.stop()
    const place = join(folder, 'place')
    mkdirSync(place)
    const control = `http://127.0.0.1:${controlPort}`
    const env = {
      ...{ CHECKOUT, PLACE: place, CONTROL: control, ISSUER_URL: issuerUrl },
      ...{ STORE: `sqlite:${join(folder, 'issuer.db')}`, ADMIN_TOKEN_FILE: join(folder, 'admin-token') },
      ...{ WID_PUBLIC_LISTEN: `127.0.0.1:${port}`, WID_TOKEN_LISTEN: `127.0.0.1:${tokenPort}` },
      ...{ WID_CONTROL_LISTEN: `127.0.0.1:${controlPort}` },
    }
    const refused = await guide.run('See the refusal', { ...env, WRONG_URL: 'https://other.example' })
    expect(refused).toMatch(issuerUrl)
    expect(refused).toMatch(/exit code 78\n$/)

    for (const name of ['issuer.db', 'issuer.db-wal', 'issuer.db-shm']) {
      rmSync(join(folder, name), { force: true })
    }
    expect(await guide.run('Begin anew', env)).toMatch(/empty/)
    endBackgroundIssuer(place)
    const asked = () => sendRequest(`http://127.0.0.1:${tokenPort}`, '/v1/token', { bearer: secret })
    expect((await asked()).status).toBe(403)
    await guide.run('Register what runs', {
      ...env,
      ...{ SANDBOX_ID: 'billing-7f9c', APP: 'billing' },
      SECRET_SHA256: createHash('sha256').update(secret).digest('hex'),
    })
    expect((await asked()).status).toBe(200)

    expect(await guide.run('See which URL is in the tokens', env)).toContain(`"issuer":"${issuerUrl}"`)
  })

  it('shows a clock that is wrong, and needs nothing but a right one', async () => {
    const { clock, issuer, variables } = await startClockedIssuer()
    const { secret } = await issuer.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    await clock.advance(3 * 3600)
    const ahead = decodeJwt(await mint(issuer, secret)).iat ?? 0
    const [here = 0, there = 0] = [
      ...(await guide.run('Compare clocks', variables)).matchAll(/\d{4}-\S+:\d\dZ/g),
    ].map(([moment]) => Date.parse(moment) / 1000)
    expect(there - here).toBeGreaterThan(2 * 3600)
    await clock.advance(-3 * 3600)
    const right = decodeJwt(await mint(issuer, secret)).iat ?? 0
    expect(ahead - right).toBeGreaterThan(2 * 3600)
    expect(Math.abs(right - clock.now())).toBeLessThan(600)
    // Behind by a month, then right: what became due is done.
    await clock.advance(29 * DAY)
    await expect.poll(async () => Object.keys(await keysOf(issuer)), soon).toEqual(['active', 'next'])
  })
})
