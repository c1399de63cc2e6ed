import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

/**
 * A schema for absolute http or https URLs in ASCII without user, password, query or fragment; gives the text unchanged.
 * The issuer URL has stricter rules of its own, which core checks.
 */
export function httpUrl(): TextSchema<string> {
  return textSchema((text) => {
    // URL.parse alone would repair backslashes, missing slashes and white space.
    const url = /^https?:\/\/[^\s\\/?#@][\x21-\x5b\x5d-\x7e]*$/.test(text) ? URL.parse(text) : null
    if (url === null) throw new SettingValueError('must be an absolute http or https URL')
    if (/[?#]/.test(text) || text.split('/')[2]?.includes('@')) {
      throw new SettingValueError('must be a URL without user, password, query or fragment')
    }
    return text
  })
}
