import { describe, expect, it } from 'vitest'
import { parseControlUrl } from './control-url.ts'

describe('parseControlUrl', () => {
  it.each([
    ['https://issuer.example:7124', true, false],
    ['http://127.0.0.1:7124', false, false],
    ['http://[::1]:7124', false, false],
    ['http://localhost', false, false],
    ['http://10.0.0.1:7124', false, true],
    ['http://issuer.example', false, true],
    ['unix:/run/control.sock', false, false],
  ])('reads %s', (text, isTls, isExposed) => {
    expect(parseControlUrl(text)).toEqual({ text, isTls, isExposed })
  })

  it.each([
    ['issuer.example:7124', /must be http/],
    ['ftp://issuer.example', /must be http/],
    ['https://user@issuer.example', /must be http/],
    ['https://issuer.example/v1', /without a path/],
    ['https://issuer.example/', /without a path/],
    ['unix:', /name a path/],
  ])('refuses %s', (text, message) => {
    expect(() => parseControlUrl(text)).toThrow(message)
  })
})
