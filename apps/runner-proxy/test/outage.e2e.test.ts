import { describe, expect, it } from 'vitest'
import { ask, type Answer } from './ask.ts'
import { answeredWith, mint, mintSoon, startRunnerStack } from './runner-stack.ts'

/** Lets `clients` ask one after the other, each of them again and again, until it is told to stop. */
function keepAsking(clients: readonly (() => Promise<Answer>)[]) {
  let isOver = false
  const answers: Answer[] = []
  const loops = clients.map(async (question) => {
    while (!isOver) answers.push(await question())
  })
  return {
    answers,
    async stop() {
      isOver = true
      await Promise.all(loops)
    },
  }
}

describe('an issuer that is killed', () => {
  it('is missed by those who ask for something new alone, and everything works when it is back', async () => {
    const stack = await startRunnerStack()
    const proxy = await stack.startProxy(await stack.registerRunner('node-1'))
    const { secret } = await stack.registerSandbox({ sandbox_id: 'web', runner_id: 'node-1' })
    const kept = await mintSoon(proxy, secret, '?audience=kept.example')

    const clients = Array.from({ length: 50 }, (_, client) => () => {
      return mint(proxy, secret, `?audience=${client % 2 === 0 ? 'kept' : `new-${client}`}.example`)
    })
    const asking = keepAsking(clients.filter((_, client) => client % 2 === 0))
    await stack.issuer().end('SIGKILL')
    const fresh = await Promise.all(clients.filter((_, client) => client % 2 === 1).map((client) => client()))
    await expect.poll(() => asking.answers.length, { timeout: 30_000 }).toBeGreaterThan(500)
    await asking.stop()

    expect(new Set(asking.answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(asking.answers.map(({ json }) => (json as { value: string }).value))).toEqual(
      new Set([kept]),
    )
    // Whoever asked before the issuer was gone may have been answered.
    for (const { status, headers, json } of fresh.filter((answer) => answer.status !== 200)) {
      expect(status).toBe(503)
      expect(json).toMatchObject({ error: 'temporarily_unavailable' })
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(await mint(proxy, secret, '?audience=uncached.example')).toMatchObject({ status: 503 })
    // Nobody can tell whether that is a sandbox by now.
    expect(await mint(proxy, `wis_${'x'.repeat(43)}`)).toMatchObject({ status: 503 })

    await stack.restartIssuer()
    await mintSoon(proxy, secret, '?audience=uncached.example')
    const later = await stack.registerSandbox({ sandbox_id: 'later', runner_id: 'node-1' })
    await mintSoon(proxy, later.secret)
    await answeredWith(403, () => mint(proxy, `wis_${'x'.repeat(43)}`))
  })
})

describe('a runner proxy that is killed', () => {
  it('serves its sandboxes again as soon as it is started, with the secrets they hold', async () => {
    const stack = await startRunnerStack()
    const flags = await stack.registerRunner('node-1')
    const { secret } = await stack.registerSandbox({ sandbox_id: 'web', runner_id: 'node-1' })
    const first = await stack.startProxy(flags)
    await mintSoon(first, secret)
    const listen = `--token-listen=${new URL(first.ready.token).host}`
    await first.end('SIGKILL')
    const second = await stack.startProxy([...flags, listen])
    const startedAt = performance.now()
    await mintSoon(second, secret)
    // It takes a fraction of this; the time is on a machine that may do much else.
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  it('is told to come again while the issuer is away, never that it is unknown, and heals', async () => {
    const stack = await startRunnerStack()
    const flags = await stack.registerRunner('node-1')
    const { secret } = await stack.registerSandbox({ sandbox_id: 'web', runner_id: 'node-1' })
    await stack.issuer().end('SIGKILL')
    const proxy = await stack.startProxy(flags)
    for (const path of ['/v1/token', '/v1/identity']) {
      const answer = await ask(proxy.ready.token, path, { bearer: secret })
      expect(answer).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(await ask(proxy.ready.control, '/readyz')).toMatchObject({ status: 503 })
    expect(await ask(proxy.ready.control, '/livez')).toMatchObject({ status: 200 })
    expect((await ask(proxy.ready.control, '/metrics')).text).toMatch(
      /^wid_runner_assignments_age_seconds nan$/im,
    )

    await stack.restartIssuer()
    await mintSoon(proxy, secret)
    await answeredWith(200, () => ask(proxy.ready.control, '/readyz'))
    expect(await proxy.end('SIGTERM')).toBe(0)
  })
})
