import { expect, it } from 'vitest'
import { createTestClock } from './clock/file-clock.ts'
import { createTestFolder, startIssuer } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

it('a next key waits for a verifier that was named, and signs when that one has fetched it', async () => {
  const folder = await createTestFolder()
  const clock = await createTestClock(folder)
  const issuer = await startIssuer({
    ...{ folder, env: clock.env },
    flags: ['--hold-promotion-for=vault', '--signing-algorithm=ES256'],
    entryPoint: new URL('clock/clock-main.ts', import.meta.url).pathname,
  })
  const rotate = async () => (await issuer.control('/v1/keys/rotate', { method: 'POST' })).json
  const fetchKeys = (userAgent: string) =>
    sendRequest(issuer.ready.public, '/.well-known/jwks.json', { headers: { 'user-agent': userAgent } })
  expect(await rotate()).toMatchObject({ outcome: 'published' })
  await fetchKeys('jose/6')
  await clock.advance(86_400)
  expect(await rotate()).toMatchObject({ outcome: 'waiting' })
  expect((await issuer.control('/readyz')).json).toMatchObject({
    warnings: [expect.stringMatching(/^promotion: .* waits for vault/)],
  })
  await fetchKeys('vault/1.18')
  const { items } = (await issuer.control('/v1/keys')).json as { items: readonly { seen_by?: object[] }[] }
  expect(items[1]?.seen_by).toMatchObject([
    { user_agent: 'jose/6', address: '127.0.0.1' },
    { user_agent: 'vault/1.18', address: '127.0.0.1' },
  ])
  expect(await rotate()).toMatchObject({ outcome: 'promoted' })
}, 60_000)
