import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

/** A schema for paths of files and folders, relative to the working directory or absolute; whether one exists is not looked up. */
export function filePath(): TextSchema<string> {
  return textSchema((text) => {
    if (text === '' || text.includes('\0')) throw new SettingValueError('must be a path')
    return text
  })
}
