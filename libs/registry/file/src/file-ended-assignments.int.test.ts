import { copyFileSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { endedAssignmentsContract, toThrowWithCode } from '@workload-identity/contracts'
import { unixSeconds as at, type EndedAssignment } from '@workload-identity/core'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFileEndedAssignments, createFileRegistryIdentity } from './index.ts'

expect.extend({ toThrowWithCode })

endedAssignmentsContract('a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wid-ended-'))
  const path = join(folder, 'registry')
  const open = async () => createFileEndedAssignments({ directory: openPrivateDirectory({ path }) })
  return {
    open,
    reopen: open,
    makeUnavailable: async () => renameSync(path, join(folder, 'elsewhere')),
    destroy: async () => rmSync(folder, { recursive: true }),
  }
})

function openTemporary() {
  const path = mkdtempSync(join(tmpdir(), 'wid-ended-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const directory = openPrivateDirectory({ path })
  return { path, directory, ended: createFileEndedAssignments({ directory }) }
}

function note(runner_id: string, sandbox_id: string): EndedAssignment {
  return { runner_id, sandbox_id, ended_at: at(5) }
}

// printf %s r | sha256sum, and so on
const R = '454349e422f05297191ead13e21d3db520e5abef52055e4964b82fb213f593a1'
const A = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'
const B = '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d'

describe('createFileEndedAssignments', () => {
  it('keeps each note in a private file named after its runner and sandbox', async () => {
    const { path, ended } = openTemporary()
    await ended.put([note('r', 'a')])
    expect(readdirSync(join(path, 'ended'), { recursive: true }).sort()).toStrictEqual([R, join(R, A)])
    expect(lstatSync(join(path, 'ended', R)).mode & 0o777).toBe(0o700)
    expect(lstatSync(join(path, 'ended', R, A)).mode & 0o777).toBe(0o600)
  })

  it('leaves a registry empty, and nothing of its own behind but the notes', async () => {
    const { path, directory, ended } = openTemporary()
    await ended.put([note('r', 'a')])
    expect(await createFileRegistryIdentity({ directory }).isEmpty()).toBe(true)
    expect(readdirSync(path).filter((name) => name.startsWith('prepare.'))).toStrictEqual([])
  })

  it('refuses a damaged note with ERR_STORE_CORRUPT by name, for its runner only', async () => {
    const { path, ended } = openTemporary()
    await ended.put([note('r', 'a'), note('q', 'a')])
    const file = join(path, 'ended', R, A)
    writeFileSync(file, 'x')
    await expect(ended.list('r', at(0), at(9))).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(ended.list('r', at(0), at(9))).rejects.toThrow(file)
    await expect(ended.removeBefore(at(9), 10)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    expect(await ended.list('q', at(0), at(9))).toHaveLength(1)
  })

  it('replaces a damaged note by a new one', async () => {
    const { path, ended } = openTemporary()
    await ended.put([note('r', 'a')])
    writeFileSync(join(path, 'ended', R, A), 'x')
    await ended.put([note('r', 'a')])
    expect(await ended.list('r', at(0), at(9))).toStrictEqual([note('r', 'a')])
  })

  it('refuses a note under the name of another one with ERR_STORE_CORRUPT', async () => {
    const { path, ended } = openTemporary()
    await ended.put([note('r', 'a')])
    const file = join(path, 'ended', R, A)
    copyFileSync(file, join(dirname(file), B))
    await expect(ended.list('r', at(0), at(9))).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('does not read a folder that is none as an empty one', async () => {
    const { path, ended } = openTemporary()
    await ended.put([note('r', 'a')])
    rmSync(join(path, 'ended', R), { recursive: true })
    writeFileSync(join(path, 'ended', R), '')
    await expect(ended.list('r', at(0), at(9))).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })
})
