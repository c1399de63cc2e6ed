import { describe, expect, it } from 'vitest'
import { createRecordSeal, type RecordPlace } from './record-seal.ts'
import { NO_SEALING } from './sealing-mode.ts'
import { keyA, keyB } from './sealing.testing.ts'

const place: RecordPlace = { kind: 'sandbox', clusterId: 'prod', registryId: 'r1' }
const record = { sandbox_id: 'a', app: 'shop', secrets: [{ sha256: 'ab' }], created_at: 1, revision: 1 }
const strict = createRecordSeal({ keys: [keyA], mode: 'strict' })
const rejected = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('createRecordSeal', () => {
  it('makes the MAC that Python makes of the same record', async () => {
    // HKDF with an empty salt, then HMAC over the label and the JSON with sorted members, by Python's hmac.
    expect(await strict.seal(record, place, 'reg')).toStrictEqual({
      ...record,
      seal: {
        kid: 'i40c8kMpVKzTah_VZmE62CybotDT4n0DhFRl2mUT1Gw',
        registration: 'reg',
        mac: 'y1-oxHpHeZZr59MkepYtFsDe8DMSmV8N3rB632cKBmY',
      },
    })
  })

  it('gives back the record without its seal, in whatever order its members come', async () => {
    const sealed = await strict.seal(record, place, 'reg')
    const reversed = Object.fromEntries(Object.entries(sealed).reverse()) as typeof sealed
    expect((await strict.open(reversed, place, 'a')).record).toStrictEqual(record)
  })

  it.each<[string, object]>([
    ['a changed member', { app: 'pay' }],
    ['a further member', { runner_id: 'x' }],
    ['a member left out', { created_at: undefined }],
    ['another secret', { secrets: [{ sha256: 'cd' }] }],
    ['a secret more', { secrets: [{ sha256: 'ab' }, { sha256: 'cd' }] }],
    ['a member of a newer release', { toString: 1 }],
  ])('refuses %s with ERR_SEAL_BROKEN, naming the record', async (_name, change) => {
    const sealed = { ...(await strict.seal(record, place, 'reg')), ...change }
    expect(await rejected(strict.open(sealed, place, 'a'))).toMatchObject({
      code: 'ERR_SEAL_BROKEN',
      details: { id: 'a' },
      message: expect.stringContaining('sandbox a') as string,
    })
  })

  it.each<[string, Partial<RecordPlace>]>([
    ['kind', { kind: 'runner' }],
    ['cluster', { clusterId: 'test' }],
    ['registry', { registryId: 'r2' }],
  ])('refuses a record moved to another %s with ERR_SEAL_BROKEN', async (_name, elsewhere) => {
    const sealed = await strict.seal(record, place, 'reg')
    expect(await rejected(strict.open(sealed, { ...place, ...elsewhere }, 'a'))).toMatchObject({
      code: 'ERR_SEAL_BROKEN',
    })
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'x'],
    ['no MAC', { kid: keyA.id, registration: 'reg' }],
    ['an empty MAC', { kid: keyA.id, registration: 'reg', mac: '' }],
    [
      'of a key with an ID that is none',
      { kid: `\u001B[2J${'x'.repeat(1000)}`, registration: 'reg', mac: 'x' },
    ],
    ['a MAC that is no base64url', { kid: keyA.id, registration: 'reg', mac: '!' }],
  ])('refuses a seal that is %s with ERR_SEAL_BROKEN', async (_name, seal) => {
    expect(await rejected(strict.open({ ...record, seal: seal as never }, place, 'a'))).toMatchObject({
      code: 'ERR_SEAL_BROKEN',
    })
  })

  it('refuses what was proved before as soon as anything of it is other', async () => {
    const sealed = await strict.seal(record, place, 'reg')
    expect((await strict.open(sealed, place, 'a')).record).toStrictEqual(record)
    expect((await strict.open(sealed, place, 'a')).record).toStrictEqual(record)
    const elsewhere = { ...place, registryId: 'r2' }
    for (const work of [
      strict.open({ ...sealed, app: 'pay' }, place, 'a'),
      strict.open(sealed, elsewhere, 'a'),
    ]) {
      expect(await rejected(work)).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    }
  })

  it('refuses another registration or key ID in the seal with ERR_SEAL_BROKEN', async () => {
    const both = createRecordSeal({ keys: [keyA, keyB], mode: 'strict' })
    const sealed = await both.seal(record, place, 'reg')
    for (const change of [{ registration: 'other' }, { kid: keyB.id }]) {
      const seal = { kid: '', registration: '', mac: '', ...sealed.seal, ...change }
      expect(await rejected(both.open({ ...sealed, seal }, place, 'a'))).toMatchObject({
        code: 'ERR_SEAL_BROKEN',
      })
    }
  })

  it('refuses a record without a seal with ERR_SEAL_MISSING in the mode strict only', async () => {
    expect(await rejected(strict.open(record, place, 'a'))).toMatchObject({ code: 'ERR_SEAL_MISSING' })
    for (const mode of ['adopt', 'remove'] as const) {
      const seal = createRecordSeal({ keys: [keyA], mode })
      expect((await seal.open(record, place, 'a')).record).toStrictEqual(record)
    }
  })

  it('refuses a record sealed with an unknown key with ERR_SEAL_KEY_UNKNOWN, also when no key is set', async () => {
    const sealed = await strict.seal(record, place, 'reg')
    for (const sealing of [{ keys: [keyB], mode: 'adopt' } as const, NO_SEALING]) {
      expect(await rejected(createRecordSeal(sealing).open(sealed, place, 'a'))).toMatchObject({
        code: 'ERR_SEAL_KEY_UNKNOWN',
      })
    }
  })

  it('stores records as they stand without a key and in the mode remove', async () => {
    for (const sealing of [NO_SEALING, { keys: [keyA], mode: 'remove' } as const]) {
      expect(await createRecordSeal(sealing).seal(record, place, 'reg')).toStrictEqual(record)
    }
  })
})
