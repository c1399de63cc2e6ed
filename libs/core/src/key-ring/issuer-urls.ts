import { IssuerError } from '../errors.ts'
import { parseIssuerUrl, type IssuerUrl } from '../issuer-url.ts'
import { addSeconds, type Seconds, type UnixSeconds } from '../time.ts'
import { assertKeyRing, currentIssuerUrl, type KeyRing, type RingIssuer } from './key-ring.ts'

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }

/** Which issuer URL an issuer starts with, and what it is told to change about those of its ring. */
export interface IssuerUrlIntent {
  readonly issuerUrl: string
  /** Is served from now on, and carried by no token yet. */
  readonly announceIssuer?: string
  /** The stored URL that the issuer URL takes the place of. */
  readonly moveIssuerFrom?: string
}

/**
 * The ring with the issuer URLs as they are meant to be, or `undefined` when they are so already. Pure; the version is not
 * changed. An earlier URL lives for `keepRetired` more, like the last key that signed for it: replicas that have not read
 * the ring sign for it up to `storeLag`, and its tokens live for the maximum TTL after that. Asking again changes nothing.
 *
 * @throws {IssuerError} `ERR_ISSUER_URL_CHANGED` when the ring belongs to another URL and that is not the one to move from.
 */
export function settleIssuerUrls(
  ring: KeyRing,
  { issuerUrl, announceIssuer, moveIssuerFrom }: IssuerUrlIntent,
  keepRetired: Seconds,
  now: UnixSeconds,
): KeyRing | undefined {
  const stored = currentIssuerUrl(ring)
  let settled = ring
  if (stored !== issuerUrl) {
    if (moveIssuerFrom !== stored) throw urlChanged(issuerUrl, stored)
    settled = moveIssuer(ring, issuerUrl, addSeconds(now, keepRetired))
  }
  if (announceIssuer !== undefined) settled = announce(settled, announceIssuer, addSeconds(now, keepRetired))
  if (settled === ring) return undefined
  assertKeyRing(settled)
  return settled
}

/** The URL of a ring that is announced, if one is: it has no end, and is not the current one. */
export function announcedIssuerUrl({ issuers }: KeyRing): string | undefined {
  return issuers.slice(1).find(({ until }) => until === undefined)?.url
}

/** The earlier URLs of a ring that tokens may still carry at `now`, the longest-lived first, with their ends. */
export function earlierIssuerUrls(
  { issuers }: KeyRing,
  now: UnixSeconds,
): readonly { readonly url: string; readonly until: UnixSeconds }[] {
  return issuers
    .slice(1)
    .flatMap(({ url, until }) => (until !== undefined && now < until ? [{ url, until }] : []))
}

/** Every URL of a ring under which it is to be served at `now`, and whose tokens are accepted: the current one first. */
export function livingIssuerUrls(ring: KeyRing, now: UnixSeconds): readonly IssuerUrl[] {
  return ring.issuers
    .filter(({ until }) => until === undefined || now < until)
    .map(({ url }) => parseIssuerUrl(url))
}

/**
 * The issuer URL that a request is meant for: the living one whose host, with its port, is `host`, else the current one.
 * Of several on one host it is the one with `path`, the path in front of the well-known one. Pure: nothing but exact matches
 * among stored URLs, so that nobody can make the issuer name itself otherwise; only the case of a host and a default port do
 * not matter, as in any URL (RFC 9110 §4.2.3).
 */
export function findRequestedIssuer(
  ring: KeyRing,
  now: UnixSeconds,
  { host, path }: { readonly host: string | undefined; readonly path: string },
): IssuerUrl {
  const living = livingIssuerUrls(ring, now)
  const meant = living.find((url) => isHostOf(url, host) && issuerPathOf(url) === path)
  return meant ?? parseIssuerUrl(currentIssuerUrl(ring))
}

function isHostOf(url: IssuerUrl, host: string | undefined): boolean {
  const { protocol, hostname, port, host: short } = new URL(url)
  const long = `${hostname}:${port === '' ? DEFAULT_PORTS[protocol] : port}`
  return host !== undefined && [short, long].includes(host.toLowerCase())
}

/** The path of an issuer URL; `''` when it has none. */
export function issuerPathOf(url: string): string {
  const { pathname } = new URL(url)
  return pathname === '/' ? '' : pathname
}

function moveIssuer(ring: KeyRing, url: string, until: UnixSeconds): KeyRing {
  const [current, ...others] = ring.issuers
  const past: readonly RingIssuer[] = current === undefined ? [] : [{ ...current, until }]
  return { ...ring, issuers: [{ url }, ...past, ...others.filter((issuer) => issuer.url !== url)] }
}

/**
 * One URL is announced at a time: what was announced before ends at `until`. Not at once, because it may be one from which the
 * issuer moved: its tokens may be alive.
 */
function announce(ring: KeyRing, url: string, until: UnixSeconds): KeyRing {
  if (currentIssuerUrl(ring) === url || announcedIssuerUrl(ring) === url) return ring
  const [current, ...others] = ring.issuers
  const kept = others
    .filter((issuer) => issuer.url !== url)
    .map((issuer) => (issuer.until === undefined ? { ...issuer, until } : issuer))
  return { ...ring, issuers: [...(current === undefined ? [] : [current]), { url }, ...kept] }
}

function urlChanged(configured: string, stored: string): IssuerError {
  return new IssuerError(
    'ERR_ISSUER_URL_CHANGED',
    `the issuer URL is ${configured}, but the stored key ring belongs to ${stored}: every relying party trusts the stored one; set it as the issuer URL, name it as the one to move from if the issuer is to move, or choose another store if that one was a trial`,
    { details: { configured, stored } },
  )
}
