import { describe, expect, it } from 'vitest'
import { toTokenUrl } from './issuer-listeners.ts'

describe('toTokenUrl', () => {
  it.each([
    ['http://127.0.0.1:7123', 'http://127.0.0.1:7123/v1/token'],
    ['https://[::1]:7123', 'https://[::1]:7123/v1/token'],
    ['http://0.0.0.0:7123', 'http://127.0.0.1:7123/v1/token'],
    ['http://[::]:7123', 'http://[::1]:7123/v1/token'],
    ['unix:/run/token.sock', 'unix:/run/token.sock'],
  ])('shows a listener at %s as %s', (address, url) => {
    expect(toTokenUrl(address)).toBe(url)
  })
})
