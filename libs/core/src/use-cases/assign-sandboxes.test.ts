import { describe, expect, it } from 'vitest'
import { after, START, withCode } from '../../test/fixtures.ts'
import { createRegistries } from '../../test/registries.ts'
import { IssuerError } from '../errors.ts'
import { hashSecret } from '../secret.ts'
import { createChangeSandbox } from './change-sandbox.ts'
import { createRegisterSandbox } from './register-sandbox.ts'
import { createRegisterSandboxes } from './register-sandboxes.ts'
import { createRenewSandboxSecret } from './renew-sandbox-secret.ts'

const web = { sandbox_id: 'sb-1', app: 'web' }
const onR1 = { ...web, runner_id: 'r-1' }

function administer() {
  const registries = createRegistries()
  const lookedUp: string[] = []
  const dependencies = {
    sandboxes: registries.sandboxes,
    runners: {
      findById: (id: string, now: typeof START) => {
        lookedUp.push(id)
        return registries.runners.findById(id, now)
      },
    },
    clock: registries.clock.now,
  }
  return {
    ...{ ...registries, lookedUp },
    register: createRegisterSandbox(dependencies),
    registerAll: createRegisterSandboxes(dependencies),
    change: createChangeSandbox(dependencies),
    renew: createRenewSandboxSecret(dependencies),
  }
}

const outcome = (result: unknown) => (result instanceof IssuerError ? result.code : 'registered')

describe('createRegisterSandbox', () => {
  it('stores the files and the path of the secret, and gives the runner', async () => {
    const { register, storage } = administer()
    const token_files = [{ name: 'aws', audience: ['a', 'b'], ttl: 600 }]
    const registered = await register({ ...onR1, token_files, secret_file: '/run/wid/secret' })
    expect(registered.record).toMatchObject({ token_files, secret_file: '/run/wid/secret' })
    expect(registered.runner).toEqual(storage.runners.get('r-1'))
    expect(storage.sandboxes.get('sb-1')).toEqual(registered.record)
  })

  it('gives no runner without one, and looks none up', async () => {
    const { register, lookedUp } = administer()
    await expect(register(web)).resolves.not.toHaveProperty('runner')
    expect(lookedUp).toEqual([])
  })

  it.each([
    ['a runner that is not registered', { runner_id: 'r-3' }, 'ERR_RUNNER_UNKNOWN'],
    ['token files without a runner', { token_files: [{ name: 'token' }] }, 'ERR_REQUEST_INVALID'],
    ['an empty list of them without a runner', { token_files: [] }, 'ERR_REQUEST_INVALID'],
    [
      'a token file of a bad name',
      { runner_id: 'r-1', token_files: [{ name: '../x' }] },
      'ERR_REQUEST_INVALID',
    ],
    ['a path of the secret that is not absolute', { secret_file: 'secret' }, 'ERR_REQUEST_INVALID'],
    ['an empty path of the secret', { secret_file: '' }, 'ERR_REQUEST_INVALID'],
  ] as const)('refuses %s and stores nothing', async (_, mistake, code) => {
    const { register, storage } = administer()
    await expect(register({ ...web, ...mistake })).rejects.toEqual(withCode(code))
    expect(storage.sandboxes.size).toBe(0)
  })

  it('cannot tell whether a runner is registered while the store is unreachable', async () => {
    const { register, storage } = administer()
    storage.unavailable = true
    await expect(register(onR1)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })
})

describe('createRegisterSandboxes', () => {
  const batch = ['r-1', 'r-2', 'r-1', 'r-3', 'r-3', 'a b', ''].map((runner_id, index) => ({
    ...{ ...web, sandbox_id: `sb-${index}`, runner_id },
  }))

  it('judges each by its runner, and looks each runner up once', async () => {
    const { registerAll, lookedUp } = administer()
    const results = await registerAll(batch)
    expect(results.map(outcome)).toEqual([
      ...['registered', 'registered', 'registered', 'ERR_RUNNER_UNKNOWN', 'ERR_RUNNER_UNKNOWN'],
      ...['ERR_IDENTIFIER_INVALID', 'ERR_IDENTIFIER_INVALID'],
    ])
    expect(results[1]).toMatchObject({ runner: { runner_id: 'r-2' } })
    expect(lookedUp).toEqual(['r-1', 'r-2', 'r-3'])
  })

  it('fails as a whole when no runner can be looked up', async () => {
    const { registerAll, storage } = administer()
    storage.unavailable = true
    await expect(registerAll(batch)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('registers the others when one runner cannot be read', async () => {
    const { sandboxes, runners, clock } = createRegistries()
    const registerAll = createRegisterSandboxes({
      ...{ sandboxes, clock: clock.now },
      runners: {
        async findById(id, now) {
          if (id === 'r-2') throw new IssuerError('ERR_STORE_CORRUPT', 'a record cannot be read')
          return runners.findById(id, now)
        },
      },
    })
    expect((await registerAll(batch.slice(0, 3))).map(outcome)).toEqual([
      ...['registered', 'ERR_STORE_CORRUPT', 'registered'],
    ])
  })
})

describe('createChangeSandbox', () => {
  it('moves a sandbox to a registered runner only', async () => {
    const { register, change, storage } = administer()
    await register(onR1)
    await expect(change('sb-1', { runner_id: 'r-2' })).resolves.toMatchObject({ runner_id: 'r-2' })
    await expect(change('sb-1', { runner_id: 'r-3' })).rejects.toEqual(withCode('ERR_RUNNER_UNKNOWN'))
    expect(storage.sandboxes.get('sb-1')).toMatchObject({ runner_id: 'r-2', revision: 2 })
  })

  it('gives and takes token files, and leaves them alone otherwise', async () => {
    const { register, change } = administer()
    await register(onR1)
    const token_files = [{ name: 'aws', owner: 'root' }]
    await change('sb-1', { token_files })
    await expect(change('sb-1', { max_ttl: 60 })).resolves.toMatchObject({ token_files: [{ name: 'aws' }] })
    await expect(change('sb-1', { token_files: [] })).resolves.toMatchObject({ token_files: [] })
    await expect(change('sb-1', { token_files: null })).resolves.not.toHaveProperty('token_files')
  })

  it('never changes the path of the secret, which the sandbox was told', async () => {
    const { register, change } = administer()
    await register({ ...web, secret_file: '/a' })
    await expect(change('sb-1', { secret_file: '/b' } as never)).resolves.toMatchObject({ secret_file: '/a' })
  })

  it('takes a runner away only together with the files that it keeps', async () => {
    const { register, change } = administer()
    await register({ ...onR1, token_files: [{ name: 'aws' }] })
    await expect(change('sb-1', { runner_id: null })).rejects.toEqual(withCode('ERR_REQUEST_INVALID'))
    const changed = await change('sb-1', { runner_id: null, token_files: null })
    expect(changed).not.toHaveProperty('runner_id')
    await expect(change('sb-1', { token_files: [] })).rejects.toEqual(withCode('ERR_REQUEST_INVALID'))
  })

  it.each([
    [[{ name: '..' }], 'ERR_REQUEST_INVALID'],
    [[{ name: 'a', ttl: -1 }], 'ERR_TTL_INVALID'],
  ] as const)('refuses the files %j and changes nothing', async (token_files, code) => {
    const { register, change, storage } = administer()
    const { record } = await register(onR1)
    await expect(change('sb-1', { token_files })).rejects.toEqual(withCode(code))
    expect(storage.sandboxes.get('sb-1')).toEqual(record)
  })

  it('renews a lease also when the runner is gone', async () => {
    const { register, change, storage, lookedUp } = administer()
    await register({ ...onR1, expires_at: after(60) })
    storage.runners.clear()
    await expect(change('sb-1', { expires_at: after(120) })).resolves.toMatchObject({
      ...{ runner_id: 'r-1', expires_at: after(120) },
    })
    expect(lookedUp).toEqual(['r-1'])
  })
})

describe('createRenewSandboxSecret', () => {
  it('gives the runner and the path of the secret again', async () => {
    const { register, renew } = administer()
    await register({ ...onR1, secret_file: '/run/secret' })
    await expect(renew('sb-1')).resolves.toMatchObject({
      ...{ runner: { runner_id: 'r-1' }, record: { secret_file: '/run/secret' } },
    })
  })

  it('gives no runner when that is gone, or when there is none', async () => {
    const { register, renew, storage } = administer()
    await register(onR1)
    await register({ ...web, sandbox_id: 'sb-2' })
    storage.runners.clear()
    expect(await renew('sb-1')).not.toHaveProperty('runner')
    expect(await renew('sb-2')).not.toHaveProperty('runner')
  })

  it('leaves the old secret as it is when the runner cannot be told', async () => {
    const { sandboxes, clock, storage } = createRegistries()
    const dependencies = {
      ...{ sandboxes, clock: clock.now },
      runners: {
        async findById(): Promise<never> {
          throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
        },
      },
    }
    await sandboxes.register(
      {
        ...{ sandbox_id: 'sb-1', app: 'web', runner_id: 'r-1', created_at: START, revision: 1 },
        secrets: [{ sha256: await hashSecret('old') }],
      },
      START,
    )
    await expect(createRenewSandboxSecret(dependencies)('sb-1')).rejects.toEqual(
      withCode('ERR_STORE_UNAVAILABLE'),
    )
    expect(storage.sandboxes.get('sb-1')?.revision).toBe(1)
  })
})
