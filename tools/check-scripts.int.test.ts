import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findBrokenScripts } from './check-scripts.ts'

describe('findBrokenScripts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scripts-'))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('accepts what can run, and names what cannot be parsed or executed', () => {
    writeFileSync(join(folder, 'good.ts'), 'export const a: number = 1\n')
    writeFileSync(join(folder, 'enum.ts'), 'export enum A { b }\n')
    writeFileSync(join(folder, 'good.sh'), '#!/bin/sh\necho a\n', { mode: 0o755 })
    writeFileSync(join(folder, 'torn.sh'), '#!/bin/sh\nif true; then\n', { mode: 0o755 })
    writeFileSync(join(folder, 'plain.sh'), '#!/bin/sh\necho a\n', { mode: 0o644 })
    expect(findBrokenScripts(folder, ['good.ts', 'good.sh'])).toEqual([])
    expect(findBrokenScripts(folder, ['enum.ts', 'torn.sh', 'plain.sh'])).toEqual([
      expect.stringContaining('enum.ts cannot be parsed'),
      expect.stringContaining('torn.sh cannot be parsed'),
      expect.stringContaining('plain.sh is not executable'),
    ])
  })
})
