import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from './ask.ts'
import { answeredWith, ISSUER_URL, mint, mintSoon, startRunnerStack } from './runner-stack.ts'
import type { RunnerStack, Sandbox } from './runner-stack.ts'
import type { Service } from './start-service.ts'

const ends: (() => Promise<void> | void)[] = []
let stack: RunnerStack
const proxies: Record<string, Service> = {}
const flags: Record<string, readonly string[]> = {}
const sandboxes: Record<string, Sandbox> = {}
const homes = { 'a-1': 'node-a', 'a-2': 'node-a', 'b-1': 'node-b', 'b-2': 'node-b' } as const

/** The secret of a runner, as its flags name its file. */
const secretOf = async (runnerId: string) => {
  const [, file] = (flags[runnerId]?.[1] ?? '').split('=')
  return (await readFile(file ?? '', 'utf8')).trim()
}

beforeAll(async () => {
  stack = await startRunnerStack({ atEnd: (end) => ends.push(end) })
  for (const runnerId of ['node-a', 'node-b']) {
    flags[runnerId] = await stack.registerRunner(runnerId, {
      token_url: `https://${runnerId}.example/v1/token`,
    })
  }
  for (const [sandboxId, runnerId] of Object.entries(homes)) {
    sandboxes[sandboxId] = await stack.registerSandbox({ sandbox_id: sandboxId, runner_id: runnerId })
  }
  const started = Object.entries(flags).map(async ([runnerId, own]) => {
    proxies[runnerId] = await stack.startProxy(own)
  })
  await Promise.all(started)
})
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

describe('a runner proxy', () => {
  it.each(Object.entries(homes))(
    'mints for %s on %s, with the claims of the registry',
    async (sandboxId, runnerId) => {
      const token = await mintSoon(
        proxies[runnerId]!,
        sandboxes[sandboxId]!.secret,
        '?audience=sts.example&ttl=600',
      )
      expect(await stack.verify(token)).toMatchObject({
        sub: `app:billing:sandbox:${sandboxId}`,
        app: 'billing',
        sandbox_id: sandboxId,
        aud: 'sts.example',
        identity_type: 'sandbox',
      })
    },
  )

  it('refuses sandboxes of other nodes and secrets of none', async () => {
    const [onA, onB] = [proxies['node-a']!, proxies['node-b']!]
    const refusals = await Promise.all([
      answeredWith(403, () => mint(onB, sandboxes['a-1']!.secret)),
      answeredWith(403, () => mint(onA, sandboxes['b-1']!.secret)),
      answeredWith(403, () => mint(onA, `wis_${'x'.repeat(43)}`)),
      answeredWith(403, () => ask(onB.ready.token, '/v1/identity', { bearer: sandboxes['a-1']!.secret })),
    ])
    for (const refusal of refusals) expect(refusal).toMatchObject({ error: 'access_denied' })
  })

  it('tells a sandbox who it is', async () => {
    const { ready } = proxies['node-a']!
    const identity = () => ask(ready.token, '/v1/identity', { bearer: sandboxes['a-1']!.secret })
    expect(await answeredWith(200, identity)).toMatchObject({
      issuer: ISSUER_URL,
      subject: 'app:billing:sandbox:a-1',
    })
  })

  it('gives sandboxes its own address in their environment', () => {
    expect(sandboxes['b-2']!.env).toMatchObject({
      WORKLOAD_IDENTITY_TOKEN_URL: 'https://node-b.example/v1/token',
      WORKLOAD_IDENTITY_ISSUER_URL: ISSUER_URL,
    })
  })

  it('gives a token again, and counts where answers came from', async () => {
    const { ready } = proxies['node-a']!
    const first = await mintSoon(proxies['node-a']!, sandboxes['a-1']!.secret, '?audience=again.example')
    const again = await mintSoon(proxies['node-a']!, sandboxes['a-1']!.secret, '?audience=again.example')
    expect(again).toBe(first)
    expect((await ask(ready.control, '/readyz')).status).toBe(200)
    const { text } = await ask(ready.control, '/metrics')
    expect(text).toMatch(/^wid_runner_assignments 2$/m)
    expect(text).toMatch(/^wid_runner_answers_total\{what="token",from="cache"\} [1-9]/m)
    expect(text).toMatch(/^wid_mints_total\{route="\/v1\/token",outcome="issued"\} [1-9]/m)
    expect(text).toMatch(
      /^wid_issuer_request_duration_seconds_count\{operation="[^"]+",outcome="answered",status="200"\} [1-9]/m,
    )
  })

  it('refuses requests as the issuer does', async () => {
    const { secret } = sandboxes['a-1']!
    const proxy = proxies['node-a']!
    expect(await mint(proxy, secret, '?app=payroll')).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: expect.stringContaining('app') as string },
    })
    expect(await mint(proxy, secret, '?audience=')).toMatchObject({ status: 400 })
    expect((await ask(proxy.ready.token, '/v1/token')).headers).toMatchObject({
      'www-authenticate': 'Bearer',
    })
    expect((await ask(proxy.ready.token, '/v1/token', { method: 'POST' })).status).toBe(405)
  })

  it('refuses a sandbox that was ended or moved, whatever it had kept for it, and the other node takes it over', async () => {
    const [onA, onB] = [proxies['node-a']!, proxies['node-b']!]
    const short = await stack.registerSandbox({ sandbox_id: 'short', runner_id: 'node-a' })
    const mover = await stack.registerSandbox({ sandbox_id: 'mover', runner_id: 'node-a' })
    await Promise.all([mintSoon(onA, short.secret), mintSoon(onA, mover.secret)])
    const ended = await stack.admin('/v1/sandboxes/short', { method: 'DELETE' })
    const move = { method: 'PATCH', json: { runner_id: 'node-b' } }
    const moved = await stack.admin('/v1/sandboxes/mover', move)
    expect([ended.status, moved.status]).toEqual([204, 200])
    await Promise.all([
      answeredWith(403, () => mint(onA, short.secret)),
      answeredWith(403, () => mint(onA, mover.secret)),
      mintSoon(onB, mover.secret),
    ])
  })
})

describe('the credentials of a runner', () => {
  it('get tokens for its own sandboxes alone, and nothing that is said of them counts', async () => {
    const bearer = await secretOf('node-a')
    const { control } = stack.issuer().ready
    const mixed = await ask(control, '/v1/runner/tokens', {
      bearer,
      json: { requests: [{ sandbox_id: 'a-1' }, { sandbox_id: 'b-1' }, { sandbox_id: 'nobody' }] },
    })
    expect(mixed.json).toMatchObject({
      results: [
        { sandbox_id: 'a-1', value: expect.any(String) as string },
        { sandbox_id: 'b-1', error: 'access_denied' },
        { sandbox_id: 'nobody', error: 'access_denied' },
      ],
    })
    const forged = { requests: [{ sandbox_id: 'a-1', app: 'payroll' }] }
    expect(await ask(control, '/v1/runner/tokens', { bearer, json: forged })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: expect.stringContaining('app') as string },
    })
  })

  it('are refused on every route of administrators', async () => {
    const document = await readFile(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')
    const { paths } = JSON.parse(document) as { paths: Record<string, Record<string, unknown>> }
    const open = /^\/(livez|readyz|metrics|v1\/(token|identity|issuer|runner\/.*)|\.well-known\/.*)$/
    const routes = Object.entries(paths)
      .filter(([path]) => !open.test(path))
      .flatMap(([path, item]) => Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })))
      .filter(({ method }) => ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].includes(method))
    expect(routes.length).toBeGreaterThan(15)
    const bearer = await secretOf('node-a')
    for (const { method, path } of routes) {
      const { status, json } = await ask(stack.issuer().ready.control, path.replace(/\{[^}]+\}/g, 'a-1'), {
        method,
        bearer,
        ...(['POST', 'PATCH', 'PUT'].includes(method) && { json: {} }),
      })
      expect({ method, path, status, json }).toMatchObject({ status: 401, json: { error: 'invalid_token' } })
    }
    expect((await ask(proxies['node-a']!.ready.control, '/v1/sandboxes', { bearer })).status).toBe(404)
  })

  it('may be replaced under a running proxy, which gives nothing until its file is written again', async () => {
    const { secret } = await stack.registerSandbox({ sandbox_id: 'renewed', runner_id: 'node-b' })
    const proxy = proxies['node-b']!
    await mintSoon(proxy, secret)
    const answer = await stack.admin('/v1/runners/node-b/secret', { json: {} })
    expect(answer.status).toBe(200)
    const status = async () => (await mint(proxy, secret)).status
    await expect.poll(status, { timeout: 30_000, interval: 200 }).toBe(503)
    const [, file] = flags['node-b']![1]!.split('=')
    await writeFile(file!, `${(answer.json as { secret: string }).secret}\n`)
    await mintSoon(proxy, secret, '?audience=new.example')
  })
})

describe('a runner proxy that is stopped', () => {
  it('exits with 0, and has neither logged nor stored a secret or a token', async () => {
    const proxy = await stack.startProxy([...flags['node-a']!, '--log-level=trace'])
    const token = await mintSoon(proxy, sandboxes['a-2']!.secret)
    expect(await proxy.end('SIGTERM')).toBe(0)
    expect(proxy.output()).toContain('"msg":"stopped"')
    const secrets = [token, sandboxes['a-2']!.secret, await secretOf('node-a')]
    for (const text of secrets) expect(proxy.output()).not.toContain(text)
    for (const name of await readdir(stack.folder)) {
      if (name.startsWith('secret-') || name.endsWith('.sock')) continue
      const content = await readFile(join(stack.folder, name), 'latin1')
      for (const text of secrets) expect(content).not.toContain(text)
    }
  })
})
