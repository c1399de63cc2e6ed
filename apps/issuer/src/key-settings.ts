import { keySpecifications, parseIssuerUrl } from '@workload-identity/core'
import { duration, oneOf, setting, textSchema } from '@workload-identity/settings'

/** The part of the table of settings that is about keys, their rotation and who has to know them. */
export const keySettings = {
  signingAlgorithm: setting({
    flag: 'signing-algorithm',
    description: `Kind of new keys: ${keySpecifications.join(', ')}. When it is changed, a key of the new kind is published at once and signs after \`--publish-ahead\`.`,
    schema: oneOf(keySpecifications),
    valueName: '<kind>',
    default: 'RS256',
    group: 'Keys',
  }),
  activeFor: setting({
    flag: 'active-for',
    description: 'How long a key signs before the next one takes over.',
    schema: duration(),
    valueName: '<duration>',
    default: '30d',
    group: 'Keys',
  }),
  publishAhead: setting({
    flag: 'publish-ahead',
    description: 'How long a key is published before it signs, until every verifier knows it.',
    schema: duration(),
    valueName: '<duration>',
    default: '24h',
    group: 'Keys',
  }),
  keepRetired: setting({
    flag: 'keep-retired',
    description: 'How long a key stays published after it stopped signing, until its last token is over.',
    schema: duration(),
    valueName: '<duration>',
    default: '26h',
    group: 'Keys',
  }),
  jwksMaxAge: setting({
    flag: 'jwks-max-age',
    description: 'Longest `max-age` of the JWKS.',
    schema: duration({ min: 60, max: 86_400 }),
    valueName: '<duration>',
    default: '1h',
    group: 'Keys',
  }),
  staleIfError: setting({
    flag: 'stale-if-error',
    description:
      '`stale-if-error` of the JWKS; when not set, what `--publish-ahead` leaves, at most 12h. 0 leaves it out.',
    schema: duration(),
    valueName: '<duration>',
    group: 'Keys',
  }),
  publishedAt: setting({
    flag: 'published-at',
    description:
      'URL below which verifiers find a copy of the published documents (`npm run publish-jwks`), if they do not ask this issuer. A key does not sign before the copy has held it long enough, and readiness warns when the copy is stale.',
    schema: textSchema(parseIssuerUrl),
    valueName: '<url>',
    group: 'Keys',
  }),
  holdPromotionFor: setting({
    flag: 'hold-promotion-for',
    description:
      'Verifier that must have fetched the next key from this replica before it signs: what its user agent begins with, or its address. The issuer waits 7 days at most, and warns meanwhile.',
    schema: textSchema((text) => text),
    valueName: '<name>',
    repeatable: true,
    group: 'Keys',
  }),
  storeLag: setting({
    flag: 'store-lag',
    description: 'How long the issuer goes on signing while it cannot read the ring from its store.',
    schema: duration({ min: 1 }),
    valueName: '<duration>',
    default: '5m',
    group: 'Keys',
  }),
}
