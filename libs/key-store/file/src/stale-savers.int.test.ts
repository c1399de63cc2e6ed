import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyStore } from '@workload-identity/core'
import { interceptFileSystem, systemError, type FileSystemStep } from '@workload-identity/contracts/trials'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { toThrowWithCode } from '@workload-identity/contracts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFileKeyStore } from './index.ts'

expect.extend({ toThrowWithCode })

const ring = (generation: number, by = 'test') => ({
  generation,
  write_id: `${by}-${generation}`,
  document: `{"by":"${by}"}`,
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-key-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function open(path: string): KeyStore {
  return createFileKeyStore({ directory: openPrivateDirectory({ path }) })
}

/** Holds back whoever comes first to a step that fits, until `meanwhile` is done. */
async function holdBack(
  fits: (step: FileSystemStep) => boolean,
  meanwhile: () => Promise<void>,
): Promise<void> {
  let isHeld = false
  const restore = await interceptFileSystem(async (step) => {
    if (isHeld || !fits(step)) return
    isHeld = true
    await meanwhile()
  })
  onTestFinished(restore)
}

describe('createFileKeyStore with a saver that was held back', () => {
  it.each([
    ['before it writes', 'open'],
    ['before it has written all', 'write'],
    ['before it links what it wrote', 'link'],
  ])('rejects its save with ERR_STORE_CONFLICT when others saved once, %s', async (_when, call) => {
    const path = temporaryFolder()
    await open(path).save(ring(1), undefined)
    await holdBack(
      (step) => step.call === call,
      async () => open(path).save(ring(9, 'other'), ring(1)),
    )
    await expect(open(path).save(ring(2), ring(1))).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
    expect(await open(path).load()).toStrictEqual(ring(9, 'other'))
  })

  it.each([
    ['before it writes', 'open'],
    ['before it has written all', 'write'],
    ['before it links what it wrote', 'link'],
  ])('rejects its save with ERR_STORE_CONFLICT when its number is free again, %s', async (_when, call) => {
    const path = temporaryFolder()
    await open(path).save(ring(1), undefined)
    await holdBack(
      (step) => step.call === call,
      async () => {
        await open(path).save(ring(2, 'other'), ring(1))
        await open(path).save(ring(3, 'other'), ring(2, 'other'))
        expect(readdirSync(path).filter((name) => !name.endsWith('.tmp'))).toStrictEqual(['ring.3'])
      },
    )
    await expect(open(path).save(ring(2), ring(1))).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
    expect(await open(path).load()).toStrictEqual(ring(3, 'other'))
    expect(readdirSync(path)).toStrictEqual(['ring.3'])
  })

  it('rejects its first save with ERR_STORE_CONFLICT when others made and replaced a first ring', async () => {
    const path = temporaryFolder()
    await holdBack(
      (step) => step.call === 'link',
      async () => {
        await open(path).save(ring(1, 'other'), undefined)
        await open(path).save(ring(2, 'other'), ring(1, 'other'))
      },
    )
    await expect(open(path).save(ring(1), undefined)).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
    expect(await open(path).load()).toStrictEqual(ring(2, 'other'))
  })

  it('has saved when others saved over it before it could tidy up', async () => {
    const path = temporaryFolder()
    await holdBack(
      (step) => step.call === 'unlink',
      async () => open(path).save(ring(2), ring(1)),
    )
    await open(path).save(ring(1), undefined)
    expect(await open(path).load()).toStrictEqual(ring(2))
    expect(readdirSync(path)).toStrictEqual(['ring.2'])
  })

  it('removes nothing that a saver could still come back to when his temporary file cannot be removed', async () => {
    const path = temporaryFolder()
    await open(path).save(ring(1), undefined)
    let isInside = false
    const restore = await interceptFileSystem(async (step) => {
      if (isInside && step.call === 'unlink' && step.path?.endsWith('.tmp') === true) throw systemError('EIO')
      if (isInside || step.call !== 'link') return
      isInside = true
      await open(path).save(ring(2, 'other'), ring(1))
      await open(path).save(ring(3, 'other'), ring(2, 'other'))
      isInside = false
    })
    onTestFinished(restore)
    await expect(open(path).save(ring(2), ring(1))).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
    expect(await open(path).load()).toStrictEqual(ring(3, 'other'))
  })
})
