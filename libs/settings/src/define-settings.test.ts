import type { Seconds } from '@workload-identity/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { booleanSetting, defineSettings, setting, type ConfigOf } from './define-settings.ts'
import { duration } from './duration.ts'
import { filePath } from './file-path.ts'

const path = { description: 'A path.', schema: filePath(), valueName: '<path>' }

describe('defineSettings', () => {
  it('gives the configuration the type of each setting', () => {
    const table = defineSettings({
      plain: setting({ ...path, flag: 'plain' }),
      needed: setting({ ...path, flag: 'needed', required: true }),
      ttl: setting({
        flag: 'ttl',
        description: 'A time.',
        schema: duration(),
        valueName: '<time>',
        default: '1h',
      }),
      names: setting({ ...path, flag: 'name', repeatable: true }),
      isOn: booleanSetting({ flag: 'on', description: 'Turns it on.' }),
    })
    expectTypeOf<ConfigOf<typeof table>>().toEqualTypeOf<{
      readonly plain: string | undefined
      readonly needed: string
      readonly ttl: Seconds
      readonly names: readonly string[]
      readonly isOn: boolean
    }>()
    expect(Object.keys(table)).toEqual(['plain', 'needed', 'ttl', 'names', 'isOn'])
  })

  it('derives the variable from the flag', () => {
    expect(setting({ ...path, flag: 'key-encryption-key-file' }).variable).toBe('WID_KEY_ENCRYPTION_KEY_FILE')
  })

  it('gives a frozen table', () => {
    const table = defineSettings({ plain: setting({ ...path, flag: 'plain' }) })
    expect(Object.isFrozen(table)).toBe(true)
    expect(Object.isFrozen(table.plain)).toBe(true)
  })

  it.each(['', '--store', 'Store', 'a_b', 'a--b', '-a', 'a-', '1a', 'no-keys', 'help', 'version'])(
    'refuses the flag %j',
    (flag) => {
      expect(() => defineSettings({ a: setting({ ...path, flag }) })).toThrow(TypeError)
    },
  )

  it('refuses the same flag twice', () => {
    const table = { a: setting({ ...path, flag: 'store' }), b: setting({ ...path, flag: 'store' }) }
    expect(() => defineSettings(table)).toThrow('setting b: the flag is taken: store')
  })

  it('refuses a default that its own schema refuses', () => {
    const options = {
      flag: 'ttl',
      description: 'A time.',
      schema: duration({ min: 60 }),
      valueName: '<time>',
    }
    expect(() => defineSettings({ ttl: setting({ ...options, default: '59' }) })).toThrow(
      'refuses its default "59"',
    )
  })

  it.each(['path', '<a b>', '', '<a'])('refuses the value name %j', (valueName) => {
    expect(() => defineSettings({ a: setting({ ...path, flag: 'a', valueName }) })).toThrow('valueName')
  })

  it('refuses a missing description', () => {
    expect(() => defineSettings({ a: setting({ ...path, flag: 'a', description: ' ' }) })).toThrow(
      'no description',
    )
  })
})
