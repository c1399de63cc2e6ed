import { isIssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { formatCheckedText, parseCheckedText, type CheckedText } from './checked-text.ts'

const expected = { format: 'note', version: 1 }
const note: CheckedText = { ...expected, facts: { number: 7, by: 'me' }, text: '{"a":"ü"}' }

function codeOf(content: Buffer): string {
  try {
    parseCheckedText(content, expected, '/a/note')
    return 'accepted'
  } catch (error) {
    return isIssuerError(error) ? error.code : String(error)
  }
}

describe('formatCheckedText', () => {
  it('writes a line of JSON with a checksum over everything, then the text and a line end', () => {
    expect(formatCheckedText(note)).toBe(
      '{"format":"note","version":1,"number":7,"by":"me",' +
        '"sha256":"89091b084e9ebe825fadf1fcef0ecf60131b361e46dac1f87dbd2928f7ba4584"}\n{"a":"ü"}\n',
    )
  })

  it('refuses a text that has no UTF-8 form as a mistake of the program', () => {
    expect(() => formatCheckedText({ ...note, text: '\ud800' })).toThrow(RangeError)
  })
})

describe('parseCheckedText', () => {
  it.each(['', '\n', '\r\n', '\ufeff{}', '{"a":1}\n{"b":2}\n', '\u0000', '😀'])(
    'gives back the text %j',
    (text) => {
      const content = Buffer.from(formatCheckedText({ ...note, text }))
      expect(parseCheckedText(content, expected, '/a/note')).toStrictEqual({ ...note, text })
    },
  )

  it('refuses the content after a change of any single bit', () => {
    const content = Buffer.from(formatCheckedText(note))
    for (let bit = 0; bit < content.length * 8; bit += 1) {
      const changed = Buffer.from(content)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(codeOf(changed), `bit ${bit}`).toBe('ERR_STORE_CORRUPT')
    }
  })

  it('refuses the content when it is cut off anywhere or anything follows', () => {
    const content = Buffer.from(formatCheckedText(note))
    for (let length = 0; length < content.length; length += 1) {
      expect(codeOf(content.subarray(0, length)), `${length} bytes`).toBe('ERR_STORE_CORRUPT')
    }
    for (const rest of ['\n', ' ', '\0', content.toString()]) {
      expect(codeOf(Buffer.concat([content, Buffer.from(rest)]))).toBe('ERR_STORE_CORRUPT')
    }
  })

  it.each(['', '\n', 'null\n\n', '[]\n\n', '{}\n{}\n', '{"sha256":null}\n\n', '{"a":', '\xff\n'])(
    'refuses %j, which nobody wrote',
    (content) => expect(codeOf(Buffer.from(content, 'latin1'))).toBe('ERR_STORE_CORRUPT'),
  )

  it('refuses another format with ERR_STORE_CORRUPT', () => {
    expect(codeOf(Buffer.from(formatCheckedText({ ...note, format: 'letter' })))).toBe('ERR_STORE_CORRUPT')
  })

  it('refuses a newer version with ERR_STORE_SCHEMA_NEWER', () => {
    expect(codeOf(Buffer.from(formatCheckedText({ ...note, version: 2 })))).toBe('ERR_STORE_SCHEMA_NEWER')
  })

  it('names the file and the way out', () => {
    expect(() => parseCheckedText(Buffer.from('x'), expected, '/a/note')).toThrow(
      /^cannot use \/a\/note: .*restore it from a backup$/,
    )
  })
})
