import { IssuerError } from '@workload-identity/core'
import { z } from 'zod'
import { SettingValueError } from './settings-error.ts'

/** A Zod schema that reads the text of a flag or variable. */
export type TextSchema<T> = z.ZodType<T, string>

/**
 * A schema from a function that parses text. A `SettingValueError` or an `IssuerError` it throws becomes the mistake
 * that is reported, so the parsers of core can be used as they are; any other error is a bug and goes through.
 */
export function textSchema<T>(parse: (text: string) => T): TextSchema<T> {
  return z.string().transform((text, context): T => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof SettingValueError || error instanceof IssuerError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
}
