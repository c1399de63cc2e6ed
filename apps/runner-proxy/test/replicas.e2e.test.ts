import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateSecret } from '@workload-identity/core'
import { startRedisServer } from '@workload-identity/driver-redis/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mint, mintSoon, ISSUER_URL, startRunnerStack } from './runner-stack.ts'
import { startBalancer } from './start-balancer.ts'
import { startService } from './start-service.ts'

describe('replicas of an issuer behind one address', () => {
  it('may die without a sandbox noticing it', async () => {
    const redis = await startRedisServer()
    onTestFinished(() => redis.stop())
    const balancer = await startBalancer()
    let adminToken = ''
    const shared = (folder: string) => {
      adminToken = join(folder, 'admin-token')
      return [`--store=redis://${redis.host}:${redis.port}`, '--control-listen=127.0.0.1:0']
    }
    const stack = await startRunnerStack({
      issuerFlags: shared,
      controlUrl: balancer.url,
      prepare: (folder) =>
        writeFile(join(folder, 'admin-token'), `${generateSecret('admin')}\n`, { mode: 0o600 }),
    })
    const other = await startService('issuer', [
      `--issuer-url=${ISSUER_URL}`,
      `--admin-token-file=${adminToken}`,
      '--public-listen=127.0.0.1:0',
      '--token-listen=127.0.0.1:0',
      ...shared(stack.folder),
    ])
    balancer.setTargets([stack.issuer().ready.control, other.ready.control])
    const proxy = await stack.startProxy(await stack.registerRunner('node-1'))
    const { secret } = await stack.registerSandbox({ sandbox_id: 'web', runner_id: 'node-1' })
    await mintSoon(proxy, secret)

    let [asked, isOver] = [0, false]
    const statuses = new Set<number>()
    // Each asks for what was never asked for, so that every request has to reach an issuer.
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver)
        statuses.add((await mint(proxy, secret, `?audience=new-${(asked += 1)}.example`)).status)
    })
    await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThan(50)
    await other.end('SIGKILL')
    const askedBefore = asked
    await expect.poll(() => asked - askedBefore, { timeout: 30_000 }).toBeGreaterThan(100)
    isOver = true
    await Promise.all(clients)
    expect(statuses).toEqual(new Set([200]))
  })
})
