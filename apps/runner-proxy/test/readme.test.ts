import { describe, expect, it } from 'vitest'
import { compareSettingsReference } from './settings-reference.ts'

describe('README.md', () => {
  it('lists the settings as they are; if not, run test/settings-reference.ts', () => {
    const { written, generated } = compareSettingsReference()
    expect(written).toBe(generated)
  })
})
