import { describe, expect, it } from 'vitest'
import { createProvedTexts } from './proved-texts.ts'

describe('createProvedTexts', () => {
  it('knows a text by its MAC, and no other text by it', () => {
    const proved = createProvedTexts(100)
    proved.add('mac', 'text')
    expect([proved.has('mac', 'text'), proved.has('mac', 'texT'), proved.has('Mac', 'text')]).toStrictEqual([
      true,
      false,
      false,
    ])
  })

  it('remembers as many characters as it may, and forgets the oldest first', () => {
    const proved = createProvedTexts(10)
    for (const mac of ['a', 'b']) proved.add(mac, '12345')
    expect(['a', 'b'].map((mac) => proved.has(mac, '12345'))).toStrictEqual([true, true])
    proved.add('c', '6')
    expect(['a', 'b'].map((mac) => proved.has(mac, '12345'))).toStrictEqual([false, true])
    proved.add('d', 'too long to be remembered')
    expect([proved.has('c', '6'), proved.has('d', 'too long to be remembered')]).toStrictEqual([false, false])
  })

  it('counts a text that is added twice once', () => {
    const proved = createProvedTexts(10)
    for (const mac of ['a', 'b', 'b', 'b']) proved.add(mac, '12345')
    expect(proved.has('a', '12345')).toBe(true)
  })
})
