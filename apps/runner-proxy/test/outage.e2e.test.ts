import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type Answer } from './ask.ts'
import {
  answeredWith,
  mint,
  mintSoon,
  startRunnerStack,
  type RunnerStack,
  type Sandbox,
} from './runner-stack.ts'

const ends: (() => Promise<void> | void)[] = []
let stack: RunnerStack
let flags: readonly string[]
let sandbox: Sandbox

beforeAll(async () => {
  stack = await startRunnerStack({ atEnd: (end) => ends.push(end) })
  flags = await stack.registerRunner('node-1')
  sandbox = await stack.registerSandbox({ sandbox_id: 'web', runner_id: 'node-1' })
})
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

/** Lets clients ask again and again, each one thing after the other, until it is told to stop. */
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

/** Fails unless somebody is told to come again. */
function expectOutage({ status, headers, json }: Answer): void {
  expect({ status, json }).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } })
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
}

describe('an issuer that is killed', () => {
  it('is missed by those alone who ask for something new, or of a proxy that is started meanwhile, until it is back', async () => {
    const { secret } = sandbox
    const unknown = `wis_${'x'.repeat(43)}`
    const proxy = await stack.startProxy(flags)
    const kept = await mintSoon(proxy, secret, '?audience=kept.example')

    const asking = keepAsking(
      Array.from({ length: 25 }, () => () => mint(proxy, secret, '?audience=kept.example')),
    )
    await stack.issuer().end('SIGKILL')
    const starting = stack.startProxy(flags)
    const fresh = await Promise.all(
      Array.from({ length: 25 }, (_, client) => mint(proxy, secret, `?audience=new-${client}.example`)),
    )
    const late = await starting
    await expect.poll(() => asking.answers.length, { timeout: 30_000 }).toBeGreaterThan(500)
    await asking.stop()

    expect(new Set(asking.answers.map(({ status }) => status))).toEqual(new Set([200]))
    const tokens = asking.answers.map(({ json }) => (json as { readonly value: string }).value)
    expect(new Set(tokens)).toEqual(new Set([kept]))
    for (const answer of fresh) expectOutage(answer)
    // Nobody can tell whether the unknown one is that of a sandbox by now.
    const others = await Promise.all([
      mint(proxy, unknown),
      mint(late, secret),
      ask(late.ready.token, '/v1/identity', { bearer: secret }),
    ])
    for (const answer of others) expectOutage(answer)
    expect(await ask(late.ready.control, '/readyz')).toMatchObject({ status: 503 })
    expect(await ask(late.ready.control, '/livez')).toMatchObject({ status: 200 })
    expect((await ask(late.ready.control, '/metrics')).text).toMatch(
      /^wid_runner_assignments_age_seconds nan$/im,
    )

    await stack.restartIssuer()
    const later = await stack.registerSandbox({ sandbox_id: 'later', runner_id: 'node-1' })
    await Promise.all([
      mintSoon(proxy, secret, '?audience=new-1.example'),
      mintSoon(proxy, later.secret),
      mintSoon(late, secret),
      answeredWith(403, () => mint(proxy, unknown)),
      answeredWith(200, () => ask(late.ready.control, '/readyz')),
    ])
  })
})

describe('a runner proxy that is killed', () => {
  it('serves its sandboxes again as soon as it is started, with the secrets they hold', async () => {
    const first = await stack.startProxy(flags)
    await mintSoon(first, sandbox.secret)
    const listen = `--token-listen=${new URL(first.ready.token).host}`
    await first.end('SIGKILL')
    const second = await stack.startProxy([...flags, listen])
    const startedAt = performance.now()
    await mintSoon(second, sandbox.secret)
    // It takes a fraction of that.
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })
})
