import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

/** A schema for one of the given words, compared exactly. */
export function oneOf<const W extends string>(words: readonly W[]): TextSchema<W> {
  return textSchema((text) => {
    const word = words.find((candidate) => candidate === text)
    if (word !== undefined) return word
    throw new SettingValueError(`must be one of ${words.join(', ')}`)
  })
}
