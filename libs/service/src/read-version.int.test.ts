import { describe, expect, it } from 'vitest'
import { readVersion } from './read-version.ts'

describe('readVersion', () => {
  it('gives the version of a package', () => {
    expect(readVersion(new URL('../package.json', import.meta.url))).toMatch(/^\d+\.\d+\.\d+/)
  })
})
