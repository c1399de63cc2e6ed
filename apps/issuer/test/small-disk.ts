import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A real disk of a few megabytes that can be filled up and made read-only. */
export interface SmallDisk {
  readonly path: string
  fill(): void
  free(): void
  setReadOnly(isReadOnly: boolean): void
}

/**
 * Mounts a disk in memory (tmpfs) at `path` for one test. Needs root, as `mount` does: elsewhere the test fails and says so.
 */
export function mountSmallDisk(path: string): SmallDisk {
  mkdirSync(path, { mode: 0o700 })
  mount('-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', path)
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]))
  const filler = join(path, 'filler')
  return {
    path,
    fill() {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(filler, Buffer.alloc(bavail * bsize))
    },
    free: () => rmSync(filler),
    setReadOnly: (isReadOnly) => mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path),
  }
}

function mount(...args: readonly string[]): void {
  try {
    execFileSync('mount', args, { stdio: 'pipe' })
  } catch (cause) {
    throw new Error('this test mounts a small disk, which needs root', { cause })
  }
}
