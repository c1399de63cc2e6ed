import { describe, expect, it } from 'vitest'
import { httpUrl } from './http-url.ts'

describe('httpUrl', () => {
  it.each(['http://127.0.0.1:7124', 'https://issuer.example/a/b', 'https://[::1]:1/', 'https://h/a@b'])(
    'gives %s unchanged',
    (text) => {
      expect(httpUrl().parse(text)).toBe(text)
    },
  )

  it.each([
    '',
    'issuer.example',
    'ftp://h',
    'http:/h',
    'http:h',
    'http://',
    'http:///h',
    'https:\\\\h',
    'https://h\\a',
    'https://h ',
    ' https://h',
    'https://h:99999',
    'https://hé',
    'unix:/a',
  ])('refuses %j', (text) => {
    expect(httpUrl().safeParse(text).error?.issues[0]?.message).toBe('must be an absolute http or https URL')
  })

  it.each(['https://u:p@h', 'https://u@h', 'https://h?a', 'https://h/?', 'https://h/#', 'https://h/#a'])(
    'refuses %s, which has more than a place',
    (text) => {
      expect(httpUrl().safeParse(text).error?.issues[0]?.message).toBe(
        'must be a URL without user, password, query or fragment',
      )
    },
  )
})
