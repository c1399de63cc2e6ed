import { describe, expect, it } from 'vitest'
import { after, ISSUER_URL, keys, ringOf, START, withCode } from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import {
  announcedIssuerUrl,
  earlierIssuerUrls,
  findRequestedIssuer,
  livingIssuerUrls,
  settleIssuerUrls,
} from './issuer-urls.ts'
import type { KeyRing, RingIssuer } from './key-ring.ts'

const [NEW, OTHER] = ['https://new.example.com', 'https://other.example.com']
const keepRetired = seconds(1000)
const withIssuers = (...issuers: readonly RingIssuer[]): KeyRing => ringOf(keys.eddsa, { issuers })
const alone = withIssuers({ url: ISSUER_URL })
const moving = { issuerUrl: NEW, moveIssuerFrom: ISSUER_URL }
const moved = withIssuers({ url: NEW }, { url: ISSUER_URL, until: after(1000) })

describe('settleIssuerUrls', () => {
  it('leaves a ring alone that is as it is meant to be', () => {
    expect(settleIssuerUrls(alone, { issuerUrl: ISSUER_URL }, keepRetired, START)).toBeUndefined()
    const announced = withIssuers({ url: ISSUER_URL }, { url: NEW })
    for (const announceIssuer of [undefined, NEW]) {
      const intent = { issuerUrl: ISSUER_URL, ...(announceIssuer !== undefined && { announceIssuer }) }
      expect(settleIssuerUrls(announced, intent, keepRetired, START)).toBeUndefined()
    }
    expect(settleIssuerUrls(moved, moving, keepRetired, after(500))).toBeUndefined()
  })

  it('announces one URL at a time', () => {
    const announce = (ring: KeyRing, url: string) =>
      settleIssuerUrls(ring, { issuerUrl: ISSUER_URL, announceIssuer: url }, keepRetired, after(5)) ?? ring
    const once = announce(alone, NEW)
    expect(once.issuers).toEqual([{ url: ISSUER_URL }, { url: NEW }])
    expect(announce(once, OTHER).issuers).toEqual([
      { url: ISSUER_URL },
      { url: OTHER },
      { url: NEW, until: after(1005) },
    ])
  })

  it('lets the tokens of an earlier URL live that was announced for going back, when another one is announced then', () => {
    const announce = (ring: KeyRing, url: string) =>
      settleIssuerUrls(ring, { issuerUrl: NEW, announceIssuer: url }, keepRetired, after(5)) ?? ring
    const changedMind = announce(announce(moved, ISSUER_URL), OTHER)
    expect(livingIssuerUrls(changedMind, after(999))).toContain(ISSUER_URL)
  })

  it.each([
    ['that was announced', withIssuers({ url: ISSUER_URL }, { url: NEW })],
    ['that was not', alone],
  ])('moves to a URL %s, and keeps the old one until its last token is over', (_, ring) => {
    expect(settleIssuerUrls(ring, moving, keepRetired, START)).toEqual({ ...ring, issuers: moved.issuers })
  })

  it('moves on and back while earlier URLs live', () => {
    const on = settleIssuerUrls(moved, { issuerUrl: OTHER, moveIssuerFrom: NEW }, keepRetired, after(10))
    expect(on?.issuers).toEqual([
      { url: OTHER },
      { url: NEW, until: after(1010) },
      { url: ISSUER_URL, until: after(1000) },
    ])
    const back = settleIssuerUrls(
      moved,
      { issuerUrl: ISSUER_URL, moveIssuerFrom: NEW },
      keepRetired,
      after(10),
    )
    expect(back?.issuers).toEqual([{ url: ISSUER_URL }, { url: NEW, until: after(1010) }])
  })

  it.each([
    ['nothing', undefined],
    ['another URL', OTHER],
    ['the new URL', NEW],
  ])('refuses another URL when it is told to move from %s, and prints both', (_, moveIssuerFrom) => {
    const intent = { issuerUrl: NEW, ...(moveIssuerFrom !== undefined && { moveIssuerFrom }) }
    const settle = () => settleIssuerUrls(alone, intent, keepRetired, START)
    expect(settle).toThrow(withCode('ERR_ISSUER_URL_CHANGED'))
    expect(settle).toThrow(/https:\/\/new\.example\.com.*https:\/\/id\.example\.com/)
  })
})

describe('announcedIssuerUrl', () => {
  it('is the further URL that has no end', () => {
    expect(announcedIssuerUrl(alone)).toBeUndefined()
    expect(announcedIssuerUrl(moved)).toBeUndefined()
    expect(announcedIssuerUrl(withIssuers(...moved.issuers, { url: OTHER }))).toBe(OTHER)
  })
})

describe('earlierIssuerUrls', () => {
  it.each([
    [999, [{ url: ISSUER_URL, until: after(1000) }]],
    [1000, []],
  ])('are those whose end has not come (after %i s)', (moment, expected) => {
    expect(earlierIssuerUrls(moved, after(moment))).toEqual(expected)
    expect(livingIssuerUrls(moved, after(moment))).toEqual([NEW, ...expected.map(({ url }) => url)])
  })
})

describe('findRequestedIssuer', () => {
  const ring = withIssuers(
    { url: NEW },
    { url: 'https://announced.example.com:8443/a' },
    { url: 'https://id.example.com/b', until: after(1000) },
    { url: 'https://id.example.com', until: after(900) },
    { url: 'http://[::1]:8080', until: after(900) },
    { url: 'http://127.0.0.1', until: after(900) },
  )
  it.each([
    ['new.example.com', '', NEW],
    ['id.example.com', '', 'https://id.example.com'],
    ['id.example.com', '/b', 'https://id.example.com/b'],
    ['id.example.com', '/c', NEW],
    ['id.example.com:443', '', 'https://id.example.com'],
    ['ID.Example.com', '', 'https://id.example.com'],
    ['id.example.com:80', '', NEW],
    ['id.example.com:', '', NEW],
    ['id.example.com.', '', NEW],
    ['id.example.com, evil.example', '', NEW],
    ['user@id.example.com', '', NEW],
    ['[::1]:8080', '', 'http://[::1]:8080'],
    ['127.0.0.1:80', '', 'http://127.0.0.1'],
    ['127.0.0.1:443', '', NEW],
    ['announced.example.com:8443', '/a', 'https://announced.example.com:8443/a'],
    ['announced.example.com', '/a', NEW],
    ['evil.example', '', NEW],
    ['', '', NEW],
    [undefined, '', NEW],
  ])('for the host %s and the path %j it is %s', (host, path, expected) => {
    expect(findRequestedIssuer(ring, START, { host, path })).toBe(expected)
  })

  it('is the current one when the end of the other has come', () => {
    const at = (moment: number) =>
      findRequestedIssuer(moved, after(moment), { host: 'id.example.com', path: '' })
    expect([at(999), at(1000)]).toEqual([ISSUER_URL, NEW])
  })
})
