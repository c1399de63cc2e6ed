import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

/** Limits of a whole number, both inclusive. */
export interface WholeNumberLimits {
  readonly min: number
  readonly max: number
}

/** A schema for whole decimal numbers from `min` to `max`, without leading zeros, plus sign, fraction or exponent. */
export function wholeNumber(limits: WholeNumberLimits): TextSchema<number> {
  return textSchema((text) => {
    const value = /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN
    if (value >= limits.min && value <= limits.max && Number.isSafeInteger(value)) return value
    throw new SettingValueError(`must be a whole number from ${limits.min} to ${limits.max}`)
  })
}
