import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findFreePort } from './find-free-port.ts'
import { readGuideScripts } from './guide-blocks.ts'
import { mint, startRunnerStack, type RunnerStack } from './runner-stack.ts'
import type { AtEnd } from './start-service.ts'

const soon = { timeout: 40_000, interval: 50 }
const pathTo = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Two workloads, one of which finds its secret in a file, and what runs the controller of the guide for them. */
async function createControllers(stack: RunnerStack, env: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(stack.folder, 'controller-'))
  const place = (name: string) => join(folder, name)
  const workload = (name: string, app: string, extra = {}) => {
    const command = [process.execPath, pathTo('sandbox-process.ts'), place(`${name}.log`)]
    return { name, app, command, ...extra }
  }
  const workloads = [
    workload('web', 'billing'),
    workload('job', 'reports', { secret_file: place('job-secret') }),
  ]
  await writeFile(place('workloads.json'), JSON.stringify(workloads))
  const main = pathTo('../../../docs/guides/controller/controller.ts')
  const start = () => {
    const child = spawn(process.execPath, [main, place('workloads.json'), place('state.json')], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        CONTROL: stack.controlUrl,
        ADMIN_TOKEN_FILE: join(stack.folder, 'admin-token'),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const exited = once(child, 'close').then(([code]) => code as number | null)
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await exited
      for (const { pid } of await state()) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    })
    return { kill: (signal: NodeJS.Signals) => child.kill(signal), exited }
  }
  /** What the controller wrote down. */
  const state = async () => {
    const text = await readFile(place('state.json'), 'utf8').catch(() => '[]')
    return JSON.parse(text) as readonly { name: string; sandbox_id: string; pid: number }[]
  }
  /** What a sandbox said last of itself. */
  const lastOf = async (name: string) => {
    const lines = (await readFile(place(`${name}.log`), 'utf8').catch(() => '')).trimEnd().split('\n')
    const [pid = '', said = ''] = (lines.at(-1) ?? '').split(' ')
    return { pid: Number(pid), said }
  }
  return { start, state, lastOf }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** An issuer with two nodes. A controller may speak to it with `fetch`, which knows no sockets. */
async function startNodes(atEnd: AtEnd) {
  const control = `127.0.0.1:${await findFreePort()}`
  const stack = await startRunnerStack({
    atEnd,
    controlUrl: `http://${control}`,
    issuerFlags: () => [`--control-listen=${control}`],
  })
  const startNode = async (runnerId: string) => {
    const tokenListen = `127.0.0.1:${await findFreePort()}`
    const runner = await stack.registerRunner(runnerId, { token_url: `http://${tokenListen}/v1/token` })
    return stack.startProxy([...runner, `--token-listen=${tokenListen}`])
  }
  const [first, second] = await Promise.all([startNode('node-1'), startNode('node-2')])
  return { stack, proxies: { 'node-1': first, 'node-2': second } }
}

const ends: Parameters<AtEnd>[0][] = []
let nodes: Awaited<ReturnType<typeof startNodes>>
beforeAll(async () => {
  nodes = await startNodes((end) => ends.push(end))
})
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

describe('controller.ts', { timeout: 120_000 }, () => {
  it('starts sandboxes that get tokens of their own from their node, renews their leases, and ends them with itself', async () => {
    const { stack } = nodes
    const { start, state, lastOf } = await createControllers(stack, {
      LEASE_SECONDS: '3',
      RUNNER_ID: 'node-1',
    })
    const controller = start()
    await expect.poll(async () => (await lastOf('web')).said, soon).toMatch(/^app:billing:sandbox:web-/)
    await expect.poll(async () => (await lastOf('job')).said, soon).toMatch(/^app:reports:sandbox:job-/)
    await expect.poll(async () => (await state()).length, soon).toBe(2)
    const sandboxes = await state()
    const sandbox_id = sandboxes[0]?.sandbox_id ?? ''
    const leaseEnd = async () =>
      ((await stack.admin(`/v1/sandboxes/${sandbox_id}`)).json as { expires_at: number }).expires_at
    const first = await leaseEnd()
    await expect.poll(leaseEnd, soon).toBeGreaterThan(first)

    controller.kill('SIGTERM')
    expect(await controller.exited).toBe(0)
    expect((await stack.admin(`/v1/sandboxes/${sandbox_id}`)).status).toBe(404)
    await expect.poll(() => sandboxes.filter(({ pid }) => isAlive(pid)), soon).toEqual([])
    expect(await state()).toEqual([])
  })

  it('goes on after a crash that outlasted the leases, with the processes and secrets that are there', async () => {
    const { stack } = nodes
    const { start, state, lastOf } = await createControllers(stack, { LEASE_SECONDS: '3' })
    const crashed = start()
    await expect.poll(async () => (await lastOf('web')).said, soon).toMatch(/^app:billing:/)
    await expect.poll(async () => (await state()).length, soon).toBe(2)
    const before = await state()
    crashed.kill('SIGKILL')
    await expect.poll(async () => (await lastOf('web')).said, soon).toBe('403')
    const job = before.find(({ name }) => name === 'job')
    process.kill(job?.pid ?? NaN, 'SIGKILL')

    start()
    const web = await lastOf('web')
    await expect.poll(async () => (await lastOf('web')).said, soon).toMatch(/^app:billing:sandbox:web-/)
    expect((await lastOf('web')).pid).toBe(web.pid)
    await expect.poll(async () => (await lastOf('job')).pid, soon).not.toBe(job?.pid)
    await expect.poll(async () => (await lastOf('job')).said, soon).toMatch(/^app:reports:sandbox:job-/)
  })
})

describe('writing-a-controller.md', { timeout: 120_000 }, () => {
  const guide = readGuideScripts('writing-a-controller.md')
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('takes a sandbox from its registration to its end, by a replaced secret, a move and a crash', async () => {
    const { stack, proxies } = nodes
    const statusAt = async (node: keyof typeof proxies, secret: string) =>
      (await mint(proxies[node], secret)).status
    const variables = {
      CONTROL: stack.controlUrl,
      ADMIN_TOKEN_FILE: join(stack.folder, 'admin-token'),
    }
    const registered = JSON.parse(await guide.run('Registering', variables)) as { readonly secret: string }
    await expect.poll(() => statusAt('node-1', registered.secret), soon).toBe(200)
    const renewed = JSON.parse(await guide.run('Leases', variables)) as { readonly expires_at: number }
    expect(renewed.expires_at - Date.now() / 1000).toBeGreaterThan(200)

    const { secret } = JSON.parse(await guide.run('Replacing it', variables)) as { readonly secret: string }
    await expect.poll(() => statusAt('node-1', secret), soon).toBe(200)
    await expect.poll(() => statusAt('node-1', registered.secret), soon).toBe(200)

    await guide.run('Moving a sandbox', variables)
    await expect.poll(() => statusAt('node-2', secret), soon).toBe(200)
    await expect.poll(() => statusAt('node-1', secret), soon).toBe(403)

    expect(await guide.run('Ending', variables)).toBe('')
    expect((await stack.admin('/v1/sandboxes/billing-7f9c')).status).toBe(404)
    const SECRET_SHA256 = createHash('sha256').update(secret).digest('hex')
    const again = JSON.parse(await guide.run('After a crash', { ...variables, SECRET_SHA256 })) as object
    expect(again).not.toHaveProperty('secret')
    await expect.poll(() => statusAt('node-2', secret), soon).toBe(200)
  })
})
