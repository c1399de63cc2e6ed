import { describe, expect, it } from 'vitest'
import type { SettingsTable } from './define-settings.ts'
import { table } from './example-table.testing.ts'
import { checkBetween } from './settings-check.ts'

describe('checkBetween', () => {
  it('keeps the names of its settings', () => {
    expect(checkBetween(table, ['store', 'maxTtl'], () => []).settings).toEqual(['store', 'maxTtl'])
  })

  it('refuses a setting that the table does not have', () => {
    const anyTable: SettingsTable = table
    expect(() => checkBetween(anyTable, ['stroe'], () => [])).toThrow(TypeError)
  })
})
