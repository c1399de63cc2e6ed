import { decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import type { IssuerError } from '../errors.ts'
import { createKeyEncryption } from './create-key-encryption.ts'
import { NO_SEALING, type SealingMode } from './sealing-mode.ts'
import { keyA, keyB } from './sealing.testing.ts'

const PLAIN = '{"schema":"1.0","keys":"ünïcode"}\n'
const sealedBy = (...keys: (typeof keyA)[]) => createKeyEncryption({ keys, mode: 'strict' })
const rejected = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('createKeyEncryption', () => {
  it('seals a document as a compact JWE with dir, A256GCM and the ID of the first key', async () => {
    const sealed = await sealedBy(keyA, keyB).seal(PLAIN)
    expect(decodeProtectedHeader(sealed)).toStrictEqual({ alg: 'dir', enc: 'A256GCM', kid: keyA.id })
    expect(sealed.split('.')).toHaveLength(5)
    expect(sealed).not.toContain('schema')
  })

  it('opens what any of its keys sealed, byte for byte', async () => {
    expect(await sealedBy(keyB, keyA).open(await sealedBy(keyA).seal(PLAIN))).toBe(PLAIN)
    expect(await sealedBy(keyA).open(await sealedBy(keyA).seal(PLAIN))).toBe(PLAIN)
  })

  it('never makes the same text twice', async () => {
    const { seal } = sealedBy(keyA)
    expect(await seal(PLAIN)).not.toBe(await seal(PLAIN))
  })

  it('refuses what another key sealed with ERR_SEAL_KEY_UNKNOWN, which gives the ID of that key', async () => {
    const sealed = await sealedBy(keyB).seal(PLAIN)
    expect(await rejected(sealedBy(keyA).open(sealed))).toMatchObject({
      code: 'ERR_SEAL_KEY_UNKNOWN',
      details: { sealed_with: keyB.id, known: [keyA.id] },
    })
  })

  it('refuses a sealed document without any key with ERR_SEAL_KEY_UNKNOWN', async () => {
    const sealed = await sealedBy(keyA).seal(PLAIN)
    expect(await rejected(createKeyEncryption(NO_SEALING).open(sealed))).toMatchObject({
      code: 'ERR_SEAL_KEY_UNKNOWN',
      message: expect.stringContaining('no key-encryption key is set') as string,
    })
  })

  it.each([0, 2, 3, 4])('refuses a change in part %i of the seal with ERR_SEAL_BROKEN', async (part) => {
    const parts = (await sealedBy(keyA).seal(PLAIN)).split('.')
    // The header stays readable, so that the right key is found.
    parts[part] =
      part === 0
        ? btoa(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: keyA.id, more: 1 })).replaceAll('=', '')
        : flip(parts[part] ?? '')
    expect(await rejected(sealedBy(keyA).open(parts.join('.')))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
  })

  it.each([1, 0.9, 0.5, 0.1])(
    'refuses a document cut off to %f of its length, and an empty one',
    async (part) => {
      const sealed = await sealedBy(keyA).seal(PLAIN)
      const cut = sealed.slice(0, Math.floor((sealed.length - 1) * part))
      expect(await rejected(sealedBy(keyA).open(cut))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
      expect(await rejected(sealedBy(keyA).open(''))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    },
  )

  it.each(['alg', 'enc'])('refuses a JWE of another %s, though its kid is known', async (member) => {
    const header = { alg: 'dir', enc: 'A256GCM', kid: keyA.id, [member]: 'none' }
    const [, ...rest] = (await sealedBy(keyA).seal(PLAIN)).split('.')
    const forged = [btoa(JSON.stringify(header)).replaceAll('=', ''), ...rest].join('.')
    expect(await rejected(sealedBy(keyA).open(forged))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
  })

  it('repeats nothing in an error that somebody wrote in place of the ID of a key', async () => {
    const header = { alg: 'dir', enc: 'A256GCM', kid: `\u001B[2Jforged ${'x'.repeat(1000)}` }
    const [, ...rest] = (await sealedBy(keyA).seal(PLAIN)).split('.')
    const forged = [btoa(JSON.stringify(header)).replaceAll('=', ''), ...rest].join('.')
    const error = (await rejected(sealedBy(keyA).open(forged))) as IssuerError
    expect(error).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    expect(JSON.stringify([error.message, error.details])).not.toContain('forged')
  })

  it('refuses a plain document with ERR_SEAL_MISSING, which says how to seal it', async () => {
    expect(await rejected(sealedBy(keyA).open(PLAIN))).toMatchObject({
      code: 'ERR_SEAL_MISSING',
      message: expect.stringContaining('--sealing adopt') as string,
    })
  })

  it.each<[SealingMode, boolean]>([
    ['adopt', true],
    ['remove', false],
  ])('opens plain and sealed documents in the mode %s, and seals: %s', async (mode, seals) => {
    const encryption = createKeyEncryption({ keys: [keyA], mode })
    expect(await encryption.open(PLAIN)).toBe(PLAIN)
    expect(await encryption.open(await sealedBy(keyA).seal(PLAIN))).toBe(PLAIN)
    expect((await encryption.seal(PLAIN)) !== PLAIN).toBe(seals)
  })

  it('tells what is left to do: another key, a plain document, or a seal to take off', async () => {
    const sealed = await sealedBy(keyA).seal(PLAIN)
    const remove = createKeyEncryption({ keys: [keyA], mode: 'remove' })
    expect([sealedBy(keyA, keyB).isCurrent(sealed), sealedBy(keyB, keyA).isCurrent(sealed)]).toStrictEqual([
      true,
      false,
    ])
    expect([
      sealedBy(keyA).isCurrent(PLAIN),
      remove.isCurrent(PLAIN),
      remove.isCurrent(sealed),
    ]).toStrictEqual([false, true, false])
  })
})

function flip(text: string): string {
  return (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
}
