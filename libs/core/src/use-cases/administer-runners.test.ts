import { describe, expect, it } from 'vitest'
import { after, START, withCode } from '../../test/fixtures.ts'
import { createRegistries, sandboxOf } from '../../test/registries.ts'
import { IssuerError } from '../errors.ts'
import type { RunnerRegistry } from '../ports/runner-registry.ts'
import { hashSecret } from '../secret.ts'
import { createAuthenticateRunner } from './authenticate-runner.ts'
import { createEndRunner } from './end-runner.ts'
import { createRegisterRunner } from './register-runner.ts'
import { createRenewRunnerSecret } from './renew-runner-secret.ts'
import { MAX_GRACE } from './secret-grace.ts'

function administer(decorate: (runners: RunnerRegistry) => RunnerRegistry = (runners) => runners) {
  const registries = createRegistries([])
  const runners = decorate(registries.runners)
  const dependencies = { runners, sandboxes: registries.sandboxes, clock: registries.clock.now }
  return {
    ...{ ...registries, runners },
    register: createRegisterRunner(dependencies),
    renew: createRenewRunnerSecret(dependencies),
    end: createEndRunner(dependencies),
    authenticate: createAuthenticateRunner(dependencies),
  }
}

describe('createRegisterRunner', () => {
  it('stores the record with the hash of a new secret, and gives the secret once', async () => {
    const { register, storage } = administer()
    const addresses = { token_url: 'http://10.0.0.7:7133/v1/token', token_dir: '/run/wid/tokens' }
    const { record, secret } = await register({ runner_id: 'node/1', ...addresses })
    expect(secret).toMatch(/^wir_[\w-]{43}$/)
    expect(record).toEqual({
      ...{ runner_id: 'node/1', ...addresses, created_at: START, revision: 1 },
      secrets: [{ sha256: await hashSecret(secret) }],
    })
    expect(storage.runners.get('node/1')).toEqual(record)
    expect(JSON.stringify([...storage.runners])).not.toContain(secret)
  })

  it('stores nothing that it does not know', async () => {
    const { record } = await administer().register({ runner_id: 'r-1', revision: 7, admin: true } as never)
    expect(Object.keys(record)).toEqual(['runner_id', 'secrets', 'created_at', 'revision'])
  })

  it.each([
    'http://127.0.0.1:7133/v1/token',
    'https://node.example.com/v1/token',
    'https://[fd00::1]:7133/x/v1/token',
    'unix:/run/wid/token.sock',
  ])('accepts the token endpoint %s', async (token_url) => {
    await expect(administer().register({ runner_id: 'r-1', token_url })).resolves.toMatchObject({
      record: { token_url },
    })
  })

  it.each([
    '',
    'node.example.com',
    '//node.example.com/v1/token',
    'ftp://node.example.com',
    'https:node.example.com',
    'https://',
    'https://node.example.com:99999/',
    ' https://node.example.com',
    'https://node.example.com/a b',
    'https://node.example.com\\x',
    'https://user@node.example.com/v1/token',
    'https://user:password@node.example.com/v1/token',
    'https://node.example.com/v1/token?a=b',
    'https://node.example.com/v1/token?',
    'https://node.example.com/v1/token#',
    'unix:token.sock',
    'unix:',
    'unix:/run/\n',
    `https://node.example.com/${'x'.repeat(2000)}`,
    7,
  ])('refuses the token endpoint %j with ERR_REQUEST_INVALID', async (token_url) => {
    const { register, storage } = administer()
    await expect(register({ runner_id: 'r-1', token_url: token_url as string })).rejects.toEqual(
      withCode('ERR_REQUEST_INVALID'),
    )
    expect(storage.runners.size).toBe(0)
  })

  it.each(['', 'tokens', './tokens', '/run\0'])(
    'refuses the folder %j with ERR_REQUEST_INVALID',
    async (token_dir) => {
      await expect(administer().register({ runner_id: 'r-1', token_dir })).rejects.toEqual(
        withCode('ERR_REQUEST_INVALID'),
      )
    },
  )

  it('refuses an ID that is none, and one that is registered', async () => {
    const { register } = administer()
    await expect(register({ runner_id: 'a b' })).rejects.toEqual(withCode('ERR_IDENTIFIER_INVALID'))
    await register({ runner_id: 'r-1' })
    await expect(register({ runner_id: 'r-1' })).rejects.toEqual(withCode('ERR_RUNNER_EXISTS'))
  })
})

describe('createRenewRunnerSecret', () => {
  it('ends the old secret at once unless told otherwise', async () => {
    const { register, renew, authenticate } = administer()
    const { secret: old } = await register({ runner_id: 'r-1', token_dir: '/t' })
    const { record, secret } = await renew('r-1')
    expect(record).toMatchObject({ token_dir: '/t', revision: 2 })
    await expect(authenticate.bySecret(await hashSecret(secret))).resolves.toEqual(record)
    await expect(authenticate.bySecret(await hashSecret(old))).rejects.toEqual(
      withCode('ERR_CREDENTIAL_UNKNOWN'),
    )
  })

  it.each([
    [59, true],
    [60, false],
    [61, false],
  ])('lets the old secret of a grace of 60 s work %i s later: %s', async (later, works) => {
    const { register, renew, authenticate, clock } = administer()
    const { secret: old } = await register({ runner_id: 'r-1' })
    const { secret } = await renew('r-1', 60)
    clock.set(after(later))
    await expect(authenticate.bySecret(await hashSecret(secret))).resolves.toBeDefined()
    const attempt = authenticate.bySecret(await hashSecret(old))
    if (works) await expect(attempt).resolves.toMatchObject({ runner_id: 'r-1' })
    else await expect(attempt).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('leaves earlier graces to their own end with a new one, and ends them at once without', async () => {
    const { register, renew } = administer()
    const first = await register({ runner_id: 'r-1' })
    const second = await renew('r-1', 600)
    const third = await renew('r-1', 60)
    expect(third.record.secrets).toEqual([
      { sha256: await hashSecret(third.secret) },
      { sha256: await hashSecret(first.secret), valid_until: after(600) },
      { sha256: await hashSecret(second.secret), valid_until: after(60) },
    ])
    expect((await renew('r-1')).record.secrets).toHaveLength(1)
  })

  it.each([0, 1, 86_400])('accepts a grace of %i s', async (grace) => {
    const { register, renew } = administer()
    await register({ runner_id: 'r-1' })
    expect(grace).toBeLessThanOrEqual(MAX_GRACE)
    await expect(renew('r-1', grace)).resolves.toBeDefined()
  })

  it.each([-1, 0.5, 86_401, Number.NaN, '60', null])(
    'refuses a grace of %j with ERR_REQUEST_INVALID',
    async (grace) => {
      const { register, renew, storage } = administer()
      await register({ runner_id: 'r-1' })
      await expect(renew('r-1', grace as number)).rejects.toEqual(withCode('ERR_REQUEST_INVALID'))
      expect(storage.runners.get('r-1')?.revision).toBe(1)
    },
  )

  it('refuses an unknown runner with ERR_RUNNER_NOT_FOUND', async () => {
    await expect(administer().renew('r-1')).rejects.toEqual(withCode('ERR_RUNNER_NOT_FOUND'))
  })

  it.each([
    [4, undefined],
    [5, 'ERR_REVISION_CONFLICT'],
  ] as const)('begins again when somebody else changed the record, here %i times', async (times, code) => {
    let left: number = times
    const { register, renew } = administer((runners) => ({
      ...runners,
      async replace(record, now) {
        if (left > 0) {
          left -= 1
          const current = await runners.findById(record.runner_id, now)
          await runners.replace({ ...current!, token_dir: '/other', revision: current!.revision + 1 }, now)
        }
        await runners.replace(record, now)
      },
    }))
    await register({ runner_id: 'r-1' })
    const renewing = renew('r-1')
    if (code === undefined) await expect(renewing).resolves.toMatchObject({ record: { token_dir: '/other' } })
    else await expect(renewing).rejects.toEqual(withCode(code))
  })
})

describe('createEndRunner', () => {
  const withSandboxes = async (count: number) => {
    const cluster = administer()
    await cluster.register({ runner_id: 'r-1' })
    for (let index = 0; index < count; index += 1) {
      await cluster.sandboxes.register(sandboxOf(`sb-${index}`), START)
    }
    await cluster.sandboxes.register(sandboxOf('other', { runner_id: 'r-2' }), START)
    return cluster
  }

  it('ends a runner without sandboxes', async () => {
    const { end, storage } = await withSandboxes(0)
    await end('r-1', { endSandboxes: false })
    expect([storage.runners.size, storage.sandboxes.size]).toEqual([0, 1])
  })

  it('refuses with ERR_RUNNER_IN_USE while sandboxes are assigned to it, and ends nothing', async () => {
    const { end, storage } = await withSandboxes(1)
    await expect(end('r-1', { endSandboxes: false })).rejects.toEqual(withCode('ERR_RUNNER_IN_USE'))
    expect([storage.runners.size, storage.sandboxes.size]).toEqual([1, 2])
  })

  it('does not count sandboxes that have expired', async () => {
    const { end, sandboxes, clock } = await withSandboxes(0)
    await sandboxes.register(sandboxOf('sb-1', { expires_at: after(10) }), START)
    clock.set(after(9))
    await expect(end('r-1', { endSandboxes: false })).rejects.toEqual(withCode('ERR_RUNNER_IN_USE'))
    clock.set(after(10))
    await end('r-1', { endSandboxes: false })
  })

  it.each([1, 16, 17, 1001])('ends the runner and its %i sandboxes, and nobody else', async (count) => {
    const { end, storage } = await withSandboxes(count)
    await end('r-1', { endSandboxes: true })
    expect(storage.runners.size).toBe(0)
    expect([...storage.sandboxes.keys()]).toEqual(['other'])
  })

  it('ends the runner first, and what a failure left when it is asked again', async () => {
    const { end, sandboxes, runners, storage, clock } = await withSandboxes(3)
    const ends: string[] = []
    const failing = createEndRunner({
      ...{ runners, clock: clock.now },
      sandboxes: {
        ...sandboxes,
        async end(id, now) {
          ends.push(id)
          expect(storage.runners.size).toBe(0)
          if (id === 'sb-1') throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
          return sandboxes.end(id, now)
        },
      },
    })
    await expect(failing('r-1', { endSandboxes: true })).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(ends).toContain('sb-1')
    // Without being told of them it still refuses: a runner that came back would get their tokens.
    await expect(end('r-1', { endSandboxes: false })).rejects.toEqual(withCode('ERR_RUNNER_IN_USE'))
    await end('r-1', { endSandboxes: true })
    expect([...storage.sandboxes.keys()]).toEqual(['other'])
    await expect(end('r-1', { endSandboxes: true })).rejects.toEqual(withCode('ERR_RUNNER_NOT_FOUND'))
  })

  it('lets a sandbox live that was moved to another runner meanwhile', async () => {
    const { runners, sandboxes, storage, clock } = await withSandboxes(1)
    const end = createEndRunner({
      ...{ runners, clock: clock.now },
      sandboxes: {
        ...sandboxes,
        async list(query, now) {
          const page = await sandboxes.list(query, now)
          await sandboxes.replace(sandboxOf('sb-0', { runner_id: 'r-2', revision: 2 }), now)
          return page
        },
      },
    })
    await end('r-1', { endSandboxes: true })
    expect([...storage.sandboxes.keys()].sort()).toEqual(['other', 'sb-0'])
  })

  it.each([true, false])(
    'does not know a runner that is not there (endSandboxes: %s)',
    async (endSandboxes) => {
      const { end } = await withSandboxes(0)
      await expect(end('r-9', { endSandboxes })).rejects.toEqual(withCode('ERR_RUNNER_NOT_FOUND'))
    },
  )
})

describe('createAuthenticateRunner', () => {
  it('finds a runner by its secret and by its ID, as long as it is registered', async () => {
    const { register, end, authenticate } = administer()
    const { record, secret } = await register({ runner_id: 'r-1' })
    const sha256 = await hashSecret(secret)
    await expect(authenticate.bySecret(sha256)).resolves.toEqual(record)
    await expect(authenticate.byId('r-1')).resolves.toEqual(record)
    await end('r-1', { endSandboxes: false })
    await expect(authenticate.bySecret(sha256)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    await expect(authenticate.byId('r-1')).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('knows no secret of a sandbox', async () => {
    const { authenticate, sandboxes } = administer()
    const sha256 = await hashSecret('wis_x')
    await sandboxes.register(sandboxOf('sb-1', { secrets: [{ sha256 }] }), START)
    await expect(authenticate.bySecret(sha256)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('says "cannot tell" when the registry cannot be asked or is another one', async () => {
    const { authenticate, storage } = administer()
    storage.unavailable = true
    await expect(authenticate.byId('r-1')).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    storage.unavailable = false
    delete storage.registryId
    await expect(authenticate.bySecret('')).rejects.toEqual(withCode('ERR_REGISTRY_LOST'))
  })
})
