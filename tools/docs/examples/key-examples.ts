import { refused, type OperationExamples } from './example.ts'
import { exampleJwk } from './public-examples.ts'

const otherKid = 'Xb0Z9J8g5rS3cX6mF0qz7YtPq4nS1b2hVwUe6dKcLrE'
const thirdKid = 'r7TgWm0cHq8yZs5bN2vLxK1uPe9dJf4aQ6oXiC3kMtY'

/** Examples of the operations about keys. */
export const keyExamples: OperationExamples = {
  rotateKeys: {
    anotherSigns: {
      summary: 'A retry, after somebody rotated',
      body: { expected_active_kid: otherKid },
      status: 409,
      answer: refused(
        'conflict',
        `key ${exampleJwk.kid} signs since 2026-01-01T00:00:00Z, not the expected one: look at the keys, and ask again if a rotation is still wanted`,
      ),
    },
    published: {
      summary: 'The first time: the next key is published',
      status: 200,
      answer: {
        outcome: 'published',
        active_kid: exampleJwk.kid,
        next_kid: otherKid,
        promotable_at: 1767312000,
      },
    },
    waiting: {
      summary: 'Too soon: verifiers may not know it yet',
      body: {},
      status: 200,
      answer: {
        outcome: 'waiting',
        active_kid: exampleJwk.kid,
        next_kid: otherKid,
        promotable_at: 1767312000,
      },
    },
    forced: {
      summary: 'At once, although verifiers may refuse its tokens for a while',
      body: { force: true },
      status: 200,
      answer: { outcome: 'promoted', active_kid: otherKid, verifiers_lack_until: 1767276420 },
    },
    readOnly: {
      summary: 'With an admin token that may read only',
      status: 403,
      credential: 'read-only',
      answer: refused('access_denied', 'this admin token may read only'),
    },
  },
  revokeKey: {
    signing: {
      summary: 'The key that signs, after it leaked',
      path: { kid: otherKid },
      body: { reason: 'it was in a bug report' },
      status: 200,
      answer: {
        kid: otherKid,
        revoked_at: 1767225600,
        cached_until: 1767276420,
        active_kid: thirdKid,
        successor: 'created',
        verifiers_lack_until: 1767276420,
      },
    },
    unknown: {
      summary: 'A key that is not there',
      path: { kid: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      status: 404,
      answer: refused('not_found', 'there is no key with this ID'),
    },
  },
  removeKey: {
    forced: {
      summary: 'A retired key, although tokens of it may be alive',
      path: { kid: exampleJwk.kid },
      query: { force: 'true' },
      status: 204,
    },
    gone: {
      summary: 'A key that is not there',
      path: { kid: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      status: 404,
      answer: refused('not_found', 'there is no key with this ID'),
    },
  },
  listKeys: {
    oneKey: {
      summary: 'A young issuer',
      status: 200,
      answer: {
        items: [
          {
            kid: exampleJwk.kid,
            alg: 'RS256',
            state: 'active',
            origin: 'generated',
            created_at: 1767225600,
            published_at: 1767225600,
            activated_at: 1767225600,
            jwk: exampleJwk,
          },
        ],
        next: null,
      },
    },
  },
  planRotation: {
    young: {
      summary: 'A young issuer with the default policy',
      status: 200,
      answer: {
        now: 1767225660,
        signing_algorithm: 'RS256',
        policy: {
          active_for: 2592000,
          publish_ahead: 86400,
          keep_retired: 93600,
          jwks_max_age: 3600,
          stale_if_error: 43200,
          store_lag: 300,
          max_ttl: 86400,
          clock_tolerance: 60,
        },
        checks: [
          {
            name: 'published-before-it-signs',
            left: 86400,
            comparison: '>=',
            right: 50820,
            holds: true,
            sentence:
              'publishAhead (86400 s) must be at least 2 × jwksMaxAge + staleIfError + 2 × tolerance + storeLag = 50820 s',
          },
        ],
        next_change: {
          at: 1769731200,
          because: `key ${exampleJwk.kid} signs since 2026-01-01T00:00:00Z, for 30d (activeFor), and the key after it is published 1d ahead (publishAhead)`,
        },
        timeline: [
          {
            change: 'published',
            at: 1769731200,
            because: `key ${exampleJwk.kid} signs since 2026-01-01T00:00:00Z, for 30d (activeFor), and the key after it is published 1d ahead (publishAhead)`,
          },
        ],
      },
    },
  },
  listKeyHistory: {
    revoked: {
      summary: 'After a key leaked',
      status: 200,
      answer: {
        items: [
          {
            kid: otherKid,
            alg: 'RS256',
            state: 'revoked',
            signed_from: 1767225600,
            signed_until: 1767229200,
            ended_at: 1767229200,
            reason: 'revoked: it was in a bug report',
            jwk: { ...exampleJwk, kid: otherKid },
          },
        ],
        next: null,
      },
    },
  },
}
