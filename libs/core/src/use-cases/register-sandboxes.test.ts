import { describe, expect, it } from 'vitest'
import { IssuerError } from '../errors.ts'
import {
  createFixedClock,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '../testing/index.ts'
import { createRegisterSandboxes, MAX_SANDBOX_BATCH } from './register-sandboxes.ts'

function setUp() {
  const storage = createMemoryRegistryStorage()
  storage.registryId = 'registry'
  const sandboxes = createMemorySandboxRegistry({ storage, registryId: () => 'registry' })
  const runners = createMemoryRunnerRegistry({ storage, registryId: () => 'registry' })
  return {
    storage,
    sandboxes,
    runners,
    register: createRegisterSandboxes({ sandboxes, runners, clock: createFixedClock().now }),
  }
}

const outcome = (result: unknown) => (result instanceof IssuerError ? result.code : 'registered')

describe('createRegisterSandboxes', () => {
  it('gives each registration its own outcome, in the order asked', async () => {
    const { register, sandboxes } = setUp()
    const results = await register([
      { sandbox_id: 'b', app: 'web' },
      { sandbox_id: 'not an id', app: 'web' },
      { sandbox_id: 'b', app: 'other' },
      { sandbox_id: 'a', app: 'web', max_ttl: 59 },
      { sandbox_id: 'c', app: 'web' },
    ])
    expect(results.map(outcome)).toStrictEqual([
      'registered',
      'ERR_IDENTIFIER_INVALID',
      'ERR_SANDBOX_EXISTS',
      'ERR_POLICY_INVALID',
      'registered',
    ])
    const now = createFixedClock().now()
    expect(
      (await sandboxes.list({ limit: 9 }, now)).items.map(({ sandbox_id, app }) => [sandbox_id, app]),
    ).toStrictEqual([
      ['b', 'web'],
      ['c', 'web'],
    ])
  })

  it('never gives the registry an ID twice, which one that registers several at once could give to either', async () => {
    const { sandboxes, runners } = setUp()
    const given: string[] = []
    const register = createRegisterSandboxes({
      runners,
      sandboxes: {
        ...sandboxes,
        registerAll: async (records) => {
          given.push(...records.map(({ sandbox_id, app }) => `${sandbox_id} of ${app}`))
          return records.map(() => undefined)
        },
      },
      clock: createFixedClock().now,
    })
    const results = await register([
      { sandbox_id: 'a', app: 'first' },
      { sandbox_id: 'a', app: 'second' },
    ])
    expect(given).toStrictEqual(['a of first'])
    expect(results.map(outcome)).toStrictEqual(['registered', 'ERR_SANDBOX_EXISTS'])
  })

  it('asks the registry for nothing when every registration is refused before', async () => {
    const { register, storage } = setUp()
    storage.unavailable = true
    expect((await register([{ sandbox_id: '', app: 'web' }])).map(outcome)).toStrictEqual([
      'ERR_IDENTIFIER_INVALID',
    ])
  })

  it('fails as a whole when the store fails for all that got so far', async () => {
    const { register, storage } = setUp()
    storage.unavailable = true
    await expect(
      register([
        { sandbox_id: 'a', app: 'web' },
        { sandbox_id: '', app: 'web' },
      ]),
    ).rejects.toThrow('was made unavailable')
  })

  it('tells which registrations a store failed for when it failed for some', async () => {
    const { sandboxes, runners } = setUp()
    const failed = new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
    const register = createRegisterSandboxes({
      runners,
      sandboxes: { ...sandboxes, registerAll: async () => [undefined, failed] },
      clock: createFixedClock().now,
    })
    const both = ['a', 'b'].map((sandbox_id) => ({ sandbox_id, app: 'web' }))
    expect((await register(both)).map(outcome)).toStrictEqual(['registered', 'ERR_STORE_UNAVAILABLE'])
  })

  it('takes 1 to 1000 registrations', async () => {
    const { register } = setUp()
    const many = Array.from({ length: MAX_SANDBOX_BATCH + 1 }, (_, index) => ({
      sandbox_id: `s${index}`,
      app: 'a',
    }))
    expect(await register(many.slice(1))).toHaveLength(1000)
    await expect(register(many)).rejects.toMatchObject({ code: 'ERR_REQUEST_INVALID' })
    await expect(register([])).rejects.toMatchObject({ code: 'ERR_REQUEST_INVALID' })
  })
})
