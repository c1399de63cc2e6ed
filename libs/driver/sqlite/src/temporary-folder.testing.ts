import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A path below a new folder that is deleted when the running test ends. */
export function temporaryPath(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, name)
}
