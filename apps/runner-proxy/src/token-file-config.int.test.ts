import { describe, expect, it } from 'vitest'
import { findTokenFileOwner } from './token-file-config.ts'

describe('findTokenFileOwner', () => {
  it('gives the numbers of user and group, by name or number, and nothing where none is named', async () => {
    expect(await findTokenFileOwner({ user: 'root', group: '12' })).toEqual({ uid: 0, gid: 12 })
    expect(await findTokenFileOwner({})).toEqual({})
  })

  it('refuses a name that nobody has as a mistake in the configuration', async () => {
    await expect(findTokenFileOwner({ group: 'no-such-group' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('there is no group no-such-group') as string,
    })
  })
})
