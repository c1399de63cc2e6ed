import { describe, expect, it } from 'vitest'
import { findOwnerId } from './find-owner.ts'

describe('findOwnerId', () => {
  it.each([
    ['user', '0', 0],
    ['group', '4294967294', 4_294_967_294],
    ['user', 'root', 0],
    ['user', 'daemon', 1],
    ['group', 'daemon', 1],
  ] as const)('gives for the %s %s the number %i', async (kind, name, id) => {
    expect(await findOwnerId(kind, name)).toBe(id)
  })

  it.each(['', 'no-such-name', '4294967295', '-1', '007', 'root:x', '--help', 'a b'])(
    'refuses %j with ERR_POLICY_INVALID',
    async (name) => {
      for (const kind of ['user', 'group'] as const)
        await expect(findOwnerId(kind, name)).rejects.toMatchObject({ code: 'ERR_POLICY_INVALID' })
    },
  )
})
