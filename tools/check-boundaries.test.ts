import { describe, expect, it } from 'vitest'
import { findSilent, placeOf, type LintResult } from './check-boundaries.ts'
import type { Canary } from './canaries.ts'

const forbidden: Canary = {
  does: 'an adapter imports a transport',
  folder: 'libs/a/src',
  code: '',
  reportedBy: ['@nx/enforce-module-boundaries', 'onlyTagsConstraintViolation'],
}
const allowed: Canary = { does: 'an adapter imports core', folder: 'libs/a/src', code: '' }

function result(index: number, ...messages: LintResult['messages']): LintResult {
  return { filePath: `/tmp/copy/${placeOf(allowed, index)}`, messages }
}
const layer = {
  ruleId: '@nx/enforce-module-boundaries',
  messageId: 'onlyTagsConstraintViolation',
  message: 'can only depend on …',
}

describe('findSilent', () => {
  it('accepts a report by the right rule, and silence about what is allowed', () => {
    expect(findSilent([forbidden, allowed], [result(0, layer), result(1)])).toEqual([])
  })

  it('names a planted file that lint is silent about', () => {
    expect(findSilent([forbidden], [result(0)])).toEqual([expect.stringContaining('said: nothing')])
  })

  it('names a planted file that was not linted', () => {
    expect(findSilent([forbidden], [])).toEqual(['not linted at all: an adapter imports a transport'])
  })

  it('does not take another message of the same rule, or another rule, for the right one', () => {
    expect(
      findSilent([forbidden], [result(0, { ...layer, messageId: 'noCircularDependencies' })]),
    ).toHaveLength(1)
    expect(findSilent([forbidden], [result(0, { ...layer, ruleId: 'no-restricted-imports' })])).toHaveLength(
      1,
    )
  })

  it('names what is reported although it is allowed, or cannot be parsed', () => {
    expect(findSilent([allowed], [result(0, layer)])).toHaveLength(1)
    expect(findSilent([allowed], [result(0, { ruleId: null, message: 'Parsing error' })])).toHaveLength(1)
  })
})
