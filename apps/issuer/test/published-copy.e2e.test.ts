import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createTestFolder, startIssuer } from './issuer-process.ts'

it('an issuer whose keys are published elsewhere warns of a copy that is not its own, and serves on', async () => {
  const copy = createServer((request, response) => {
    const isDiscovery = request.url === '/site/.well-known/openid-configuration'
    response.end(isDiscovery ? '{"issuer":"https://other.example.com"}' : '{"keys":[]}')
  })
  copy.listen(0, '127.0.0.1')
  await once(copy, 'listening')
  onTestFinished(() => {
    copy.close()
    copy.closeAllConnections()
  })
  const { port } = copy.address() as AddressInfo
  const flags = [`--published-at=http://127.0.0.1:${port}/site`]
  const issuer = await startIssuer({ folder: await createTestFolder(), flags })
  const line = await issuer.waitForLog(({ msg }) => String(msg).startsWith('published_copy:'))
  expect(line).toMatchObject({
    level: 'error',
    msg: `published_copy: the copy is not that of ${issuer.issuerUrl}`,
  })
  const ready = await issuer.control('/readyz')
  expect([ready.status, ready.json]).toEqual([200, { status: 'ok', warnings: [line['msg']] }])
  expect((await issuer.control('/metrics')).text).toContain('wid_published_copy_wrong 1')
  expect(await issuer.stop()).toBe(0)
}, 60_000)
