import { describe, expect, it } from 'vitest'
import { after, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { IssuerError } from '../errors.ts'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import { hashSecret } from '../secret.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import {
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '../testing/memory-registry.ts'
import { createAuthenticateSandbox } from './authenticate-sandbox.ts'
import { createChangeSandbox } from './change-sandbox.ts'
import { createRegisterSandbox } from './register-sandbox.ts'
import { createRenewSandboxSecret } from './renew-sandbox-secret.ts'
import { MAX_ALLOWED_AUDIENCES } from './sandbox-policy.ts'
import { MAX_GRACE } from './secret-grace.ts'

const hex = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

function administer(decorate: (sandboxes: SandboxRegistry) => SandboxRegistry = (sandboxes) => sandboxes) {
  const storage = createMemoryRegistryStorage()
  storage.registryId = UUIDS.registry
  const clock = createFixedClock(START)
  const sandboxes = decorate(createMemorySandboxRegistry({ storage, registryId: () => UUIDS.registry }))
  const runners = createMemoryRunnerRegistry({ storage, registryId: () => UUIDS.registry })
  const dependencies = { sandboxes, runners, clock: clock.now }
  for (const runner_id of ['r-1', 'r-2']) {
    storage.runners.set(runner_id, { runner_id, secrets: [], created_at: START, revision: 1 })
  }
  return {
    ...{ storage, clock, sandboxes, runners },
    register: createRegisterSandbox(dependencies),
    change: createChangeSandbox(dependencies),
    renew: createRenewSandboxSecret(dependencies),
    authenticate: createAuthenticateSandbox(dependencies),
  }
}

/** A registry in which somebody else changes the record before each of the first `times` replacements. */
function racing(times: number, onRace: (record: SandboxRecord) => SandboxRecord) {
  return (sandboxes: SandboxRegistry): SandboxRegistry => {
    let left = times
    return {
      ...sandboxes,
      async replace(record, now) {
        if (left > 0) {
          left -= 1
          const current = await sandboxes.findById(record.sandbox_id, now)
          await sandboxes.replace({ ...onRace(current!), revision: current!.revision + 1 }, now)
        }
        await sandboxes.replace(record, now)
      },
    }
  }
}

const web = { sandbox_id: 'sb-1', app: 'web' }
const policyMistakes = [
  ['an empty list of audiences', { allowed_audiences: [] }, 'ERR_AUDIENCE_INVALID'],
  ['an audience that is none', { allowed_audiences: ['a', 'b c'] }, 'ERR_AUDIENCE_INVALID'],
  ['an audience twice', { allowed_audiences: ['a', 'a'] }, 'ERR_AUDIENCE_INVALID'],
  [
    '101 audiences',
    { allowed_audiences: Array.from({ length: 101 }, (_, index) => `a${index}`) },
    'ERR_AUDIENCE_INVALID',
  ],
  ['a max_ttl of 59', { max_ttl: 59 }, 'ERR_POLICY_INVALID'],
  ['a max_ttl of 86401', { max_ttl: 86_401 }, 'ERR_POLICY_INVALID'],
  ['a max_ttl of 60.5', { max_ttl: 60.5 }, 'ERR_POLICY_INVALID'],
  ['a max_ttl that is a text', { max_ttl: '60' as unknown as number }, 'ERR_POLICY_INVALID'],
  ['an unknown form of subject', { subject: 'system' as unknown as 'app' }, 'ERR_POLICY_INVALID'],
  ['an end that is now', { expires_at: START }, 'ERR_REQUEST_INVALID'],
  ['an end that is past', { expires_at: START - 1 }, 'ERR_REQUEST_INVALID'],
  ['an end with a fraction', { expires_at: START + 1.5 }, 'ERR_REQUEST_INVALID'],
  ['an end in milliseconds that is no number', { expires_at: Number.NaN }, 'ERR_REQUEST_INVALID'],
  ['a runner that is no identifier', { runner_id: 'a b' }, 'ERR_IDENTIFIER_INVALID'],
  ['a runner that is empty', { runner_id: '' }, 'ERR_IDENTIFIER_INVALID'],
] as const

describe('createRegisterSandbox', () => {
  it('stores the record with the hash of a new secret, and gives the secret once', async () => {
    const { register, storage } = administer()
    const { record, secret } = await register({
      ...{ ...web, runner_id: 'r-1', expires_at: START + 1 },
      ...{ allowed_audiences: ['a'], max_ttl: 60, subject: 'app' },
    })
    expect(secret).toMatch(/^wis_[\w-]{43}$/)
    expect(record).toEqual({
      ...{
        sandbox_id: 'sb-1',
        app: 'web',
        runner_id: 'r-1',
        allowed_audiences: ['a'],
        max_ttl: 60,
        subject: 'app',
      },
      ...{
        secrets: [{ sha256: await hashSecret(secret!) }],
        created_at: START,
        expires_at: START + 1,
        revision: 1,
      },
    })
    expect(storage.sandboxes.get('sb-1')).toEqual(record)
    expect(JSON.stringify([...storage.sandboxes])).not.toContain(secret)
  })

  it('stores nothing that it does not know', async () => {
    const { register } = administer()
    const { record } = await register({ ...web, revision: 7, admin: true } as never)
    expect(Object.keys(record)).toEqual(['sandbox_id', 'app', 'secrets', 'created_at', 'revision'])
    expect(record.revision).toBe(1)
  })

  it.each([
    ['hexadecimal digits', hex],
    ['base64url', 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'],
  ])('takes the hash of a secret of the caller as %s, and gives no secret', async (_, secretSha256) => {
    const { register, authenticate } = administer()
    const registered = await register({ ...web, secret_sha256: secretSha256 })
    expect(registered).not.toHaveProperty('secret')
    await expect(authenticate(await hashSecret('abc'))).resolves.toEqual(registered.record)
  })

  it.each(['', 'abc', hex.toUpperCase(), null])(
    'refuses the hash %j with ERR_REQUEST_INVALID',
    async (secretSha256) => {
      const { register } = administer()
      await expect(register({ ...web, secret_sha256: secretSha256 as string })).rejects.toEqual(
        withCode('ERR_REQUEST_INVALID'),
      )
    },
  )

  it.each([
    ...policyMistakes,
    ['no ID', { sandbox_id: '' }, 'ERR_IDENTIFIER_INVALID'],
    ['no app', { app: '' }, 'ERR_IDENTIFIER_INVALID'],
    ['an app with a colon', { app: 'a:b' }, 'ERR_IDENTIFIER_INVALID'],
  ] as const)('refuses %s and stores nothing', async (_, mistake, code) => {
    const { register, storage } = administer()
    await expect(register({ ...web, ...mistake })).rejects.toEqual(withCode(code))
    expect(storage.sandboxes.size).toBe(0)
  })

  it('accepts a policy at its limits', async () => {
    const { register } = administer()
    const audiences = Array.from({ length: MAX_ALLOWED_AUDIENCES }, (_, index) => `a${index}`)
    expect(audiences).toHaveLength(100)
    await expect(register({ ...web, allowed_audiences: audiences, max_ttl: 86_400 })).resolves.toBeDefined()
  })

  it('refuses a live ID, and takes one that has ended or expired', async () => {
    const { register, sandboxes, clock } = administer()
    await register({ ...web, expires_at: START + 10 })
    await expect(register(web)).rejects.toEqual(withCode('ERR_SANDBOX_EXISTS'))
    clock.set(after(9))
    await expect(register(web)).rejects.toEqual(withCode('ERR_SANDBOX_EXISTS'))
    clock.set(after(10))
    await register(web)
    await sandboxes.end('sb-1', after(10))
    await expect(register(web)).resolves.toBeDefined()
  })

  it('refuses a secret that another sandbox has', async () => {
    const { register } = administer()
    await register({ ...web, secret_sha256: hex })
    await expect(register({ sandbox_id: 'sb-2', app: 'web', secret_sha256: hex })).rejects.toEqual(
      withCode('ERR_SECRET_IN_USE'),
    )
  })
})

describe('createChangeSandbox', () => {
  const start = {
    ...web,
    runner_id: 'r-1',
    expires_at: START + 100,
    allowed_audiences: ['a'],
    max_ttl: 60,
    subject: 'app',
  } as const

  it('changes what is given, takes away what is null, keeps the rest', async () => {
    const { register, change, storage } = administer()
    const { record } = await register(start)
    const changed = await change('sb-1', { expires_at: null, runner_id: 'r-2', max_ttl: null })
    const { expires_at: _end, max_ttl: _ttl, ...kept } = record
    expect(changed).toEqual({ ...kept, runner_id: 'r-2', revision: 2 })
    expect(storage.sandboxes.get('sb-1')).toEqual(changed)
  })

  it('takes everything away that can be taken away', async () => {
    const { register, change } = administer()
    await register(start)
    const nothing = {
      expires_at: null,
      runner_id: null,
      allowed_audiences: null,
      max_ttl: null,
      subject: null,
    }
    expect(Object.keys(await change('sb-1', nothing))).toEqual([
      'sandbox_id',
      'app',
      'secrets',
      'created_at',
      'revision',
    ])
  })

  it('never touches the ID, the app, the secrets, the age or the revision', async () => {
    const { register, change } = administer()
    const { record } = await register(start)
    const attack = {
      sandbox_id: 'sb-2',
      app: 'admin',
      secrets: [{ sha256: hex }],
      created_at: 0,
      revision: 99,
      more: 1,
    }
    await expect(change('sb-1', attack as never)).resolves.toEqual({ ...record, revision: 2 })
    await expect(change('sb-1', { app: null, secrets: null } as never)).resolves.toEqual({
      ...record,
      revision: 3,
    })
  })

  it.each(policyMistakes)('refuses %s and changes nothing', async (_, mistake, code) => {
    const { register, change, storage } = administer()
    const { record } = await register(start)
    await expect(change('sb-1', mistake)).rejects.toEqual(withCode(code))
    expect(storage.sandboxes.get('sb-1')).toEqual(record)
  })

  it('renews the end up to the moment before it', async () => {
    const { register, change, clock } = administer()
    await register(start)
    clock.set(after(99))
    await expect(change('sb-1', { expires_at: START + 200 })).resolves.toMatchObject({
      expires_at: START + 200,
    })
    clock.set(after(200))
    await expect(change('sb-1', { expires_at: START + 300 })).rejects.toEqual(
      withCode('ERR_SANDBOX_NOT_FOUND'),
    )
  })

  it('refuses an unknown sandbox with ERR_SANDBOX_NOT_FOUND', async () => {
    await expect(administer().change('sb-1', {})).rejects.toEqual(withCode('ERR_SANDBOX_NOT_FOUND'))
  })

  it('begins again when somebody else changed the record, and loses neither change', async () => {
    const { register, change } = administer(racing(4, (record) => ({ ...record, max_ttl: 600 })))
    await register(start)
    await expect(change('sb-1', { runner_id: 'r-2' })).resolves.toMatchObject({
      ...{ runner_id: 'r-2', max_ttl: 600, revision: 6 },
    })
  })

  it('gives up after five conflicts with ERR_REVISION_CONFLICT', async () => {
    const { register, change } = administer(racing(5, (record) => record))
    await register(start)
    await expect(change('sb-1', { runner_id: 'r-2' })).rejects.toEqual(withCode('ERR_REVISION_CONFLICT'))
  })

  it('begins again after nothing but a conflict', async () => {
    let calls = 0
    const { register, change } = administer((sandboxes) => ({
      ...sandboxes,
      async replace() {
        calls += 1
        throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
      },
    }))
    await register(start)
    await expect(change('sb-1', {})).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(calls).toBe(1)
  })
})

describe('createRenewSandboxSecret', () => {
  it('ends the old secret at once unless told otherwise', async () => {
    const { register, renew, authenticate } = administer()
    const { secret: old } = await register(web)
    const { record, secret } = await renew('sb-1')
    expect(record).toMatchObject({ secrets: [{ sha256: await hashSecret(secret) }], revision: 2 })
    await expect(authenticate(await hashSecret(secret))).resolves.toEqual(record)
    await expect(authenticate(await hashSecret(old!))).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it.each([
    [59, true],
    [60, false],
    [61, false],
  ])('lets the old secret of a grace of 60 s work %i s later: %s', async (duration, works) => {
    const { register, renew, authenticate, clock } = administer()
    const { secret: old } = await register(web)
    const { secret } = await renew('sb-1', 60)
    clock.set(after(duration))
    await expect(authenticate(await hashSecret(secret))).resolves.toBeDefined()
    const attempt = authenticate(await hashSecret(old!))
    if (works) await expect(attempt).resolves.toMatchObject({ sandbox_id: 'sb-1' })
    else await expect(attempt).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('leaves an earlier secret in its grace until that is over, whatever the later renewals', async () => {
    const { register, renew, authenticate, clock } = administer()
    const { secret: first } = await register(web)
    const { secret: second } = await renew('sb-1', 600)
    clock.set(after(100))
    const { record, secret: third } = await renew('sb-1', 60)
    expect(record.secrets).toEqual([
      { sha256: await hashSecret(third) },
      { sha256: await hashSecret(first!), valid_until: after(600) },
      { sha256: await hashSecret(second), valid_until: after(160) },
    ])
    clock.set(after(599))
    await expect(authenticate(await hashSecret(first!))).resolves.toBeDefined()
    await expect(authenticate(await hashSecret(second))).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    clock.set(after(600))
    await expect(authenticate(await hashSecret(first!))).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('ends all old secrets at once without a grace, also those in an earlier one', async () => {
    const { register, renew } = administer()
    await register(web)
    await renew('sb-1', 600)
    const { record, secret } = await renew('sb-1')
    expect(record.secrets).toEqual([{ sha256: await hashSecret(secret) }])
  })

  it('drops secrets whose grace is over from the record', async () => {
    const { register, renew, clock } = administer()
    await register(web)
    const { secret: second } = await renew('sb-1', 60)
    clock.set(after(60))
    const { record } = await renew('sb-1', 60)
    expect(record.secrets.slice(1)).toEqual([{ sha256: await hashSecret(second), valid_until: after(120) }])
  })

  it('keeps ten secrets in their grace, those that end last', async () => {
    const { register, renew } = administer()
    await register(web)
    for (let grace = 1; grace <= 10; grace += 1) await renew('sb-1', grace)
    const { record } = await renew('sb-1', 11)
    const ends = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map(after)
    expect(record.secrets.slice(1).map(({ valid_until }) => valid_until)).toEqual(ends)
  })

  it('never lets a secret end later than it was to end', async () => {
    const { register, renew, sandboxes, authenticate, clock } = administer()
    const { record, secret } = await register(web)
    const ending = { ...record, secrets: [{ ...record.secrets[0]!, valid_until: after(10) }], revision: 2 }
    await sandboxes.replace(ending, START)
    const renewed = await renew('sb-1', 600)
    expect(renewed.record.secrets[1]).toMatchObject({ valid_until: after(10) })
    clock.set(after(10))
    await expect(authenticate(await hashSecret(secret!))).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it.each([0, 1, 86_400])('accepts a grace of %i s', async (grace) => {
    const { register, renew } = administer()
    await register(web)
    expect(grace).toBeLessThanOrEqual(MAX_GRACE)
    await expect(renew('sb-1', grace)).resolves.toBeDefined()
  })

  it.each([-1, 0.5, 86_401, Number.NaN, '60', null])(
    'refuses a grace of %j with ERR_REQUEST_INVALID',
    async (grace) => {
      const { register, renew } = administer()
      await register(web)
      await expect(renew('sb-1', grace as number)).rejects.toEqual(withCode('ERR_REQUEST_INVALID'))
    },
  )

  it('refuses an unknown sandbox with ERR_SANDBOX_NOT_FOUND', async () => {
    await expect(administer().renew('sb-1')).rejects.toEqual(withCode('ERR_SANDBOX_NOT_FOUND'))
  })

  it('keeps what somebody else changed in between', async () => {
    const { register, renew } = administer(racing(1, (record) => ({ ...record, runner_id: 'r-9' })))
    await register(web)
    expect((await renew('sb-1')).record).toMatchObject({ runner_id: 'r-9', revision: 3 })
  })
})

describe('createAuthenticateSandbox', () => {
  it('knows the secret of a live sandbox only', async () => {
    const { register, authenticate, sandboxes, clock } = administer()
    const { secret } = await register({ ...web, expires_at: START + 10 })
    const sha256 = await hashSecret(secret!)
    clock.set(after(9))
    await expect(authenticate(sha256)).resolves.toMatchObject({ sandbox_id: 'sb-1' })
    clock.set(after(10))
    await expect(authenticate(sha256)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    clock.set(START)
    await sandboxes.end('sb-1', START)
    await expect(authenticate(sha256)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('knows none in an empty registry, whatever is asked', async () => {
    const { authenticate } = administer()
    for (const sha256 of ['', hex, '__proto__']) {
      await expect(authenticate(sha256)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    }
  })

  it('says "cannot tell" when the registry cannot be asked or is another one', async () => {
    const { authenticate, storage } = administer()
    storage.unavailable = true
    await expect(authenticate(hex)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    storage.unavailable = false
    delete storage.registryId
    await expect(authenticate(hex)).rejects.toEqual(withCode('ERR_REGISTRY_LOST'))
  })
})
