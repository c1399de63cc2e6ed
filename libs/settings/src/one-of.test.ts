import { describe, expect, it } from 'vitest'
import { oneOf } from './one-of.ts'

describe('oneOf', () => {
  it('gives the word with its type', () => {
    const level: 'info' | 'debug' = oneOf(['info', 'debug']).parse('debug')
    expect(level).toBe('debug')
  })

  it.each(['', 'INFO', 'inf', 'info '])('refuses %j and lists the words', (text) => {
    expect(oneOf(['info', 'debug']).safeParse(text).error?.issues[0]?.message).toBe(
      'must be one of info, debug',
    )
  })
})
