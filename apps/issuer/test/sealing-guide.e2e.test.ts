import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readGuideCommands } from './guide-commands.ts'
import { createTestFolder, startIssuer } from './issuer-process.ts'

const guide = readGuideCommands('sealing.md')

describe('sealing.md', { timeout: 60_000 }, () => {
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('makes a key that seals a store that exists, and says when that is done', async () => {
    const folder = await createTestFolder()
    const env = { KEY: join(folder, 'kek') }
    await guide.run('Making a key', env)
    expect((statSync(env.KEY).mode & 0o777).toString(8)).toBe('600')
    await expect(guide.run('Making a key', env)).rejects.toThrow()
    const id = (await guide.run('The ID of a key', env)).trim()

    const plain = await startIssuer({ folder })
    const { secret } = await plain.register({ sandbox_id: 'billing-7f9c', app: 'billing' })
    await plain.stop()
    const keyFlag = `--key-encryption-key-file=${env.KEY}`
    const { issuerUrl } = plain
    const adopting = await startIssuer({ folder, issuerUrl, flags: [keyFlag, '--sealing=adopt'] })
    await adopting.waitForLog(({ msg }) => msg === 'every record is sealed as configured')
    const watched = await guide.run('Watching it', { CONTROL: adopting.ready.control })
    expect(watched.trim().split('\n').toSorted()).toStrictEqual([
      'wid_records_to_seal 0',
      `wid_sealed{kid="${id}"} 1`,
    ])
    await adopting.stop()

    const typed = join(folder, 'typed')
    writeFileSync(typed, ` ${readFileSync(env.KEY, 'utf8').trim().toUpperCase()}\n`, { mode: 0o600 })
    const strict = await startIssuer({ folder, issuerUrl, flags: [`--key-encryption-key-file=${typed}`] })
    expect((await strict.mint(secret)).status).toBe(200)
  })
})
