import {
  keySpecifications,
  MAX_TTL,
  MIN_TTL,
  parseAudiences,
  parseIdentifier,
  parseIssuerUrl,
} from '@workload-identity/core'
import { parseSecretSource } from '@workload-identity/service'
import {
  booleanSetting,
  defineSettings,
  duration,
  filePath,
  oneOf,
  setting,
  storeUrl,
  textSchema,
} from '@workload-identity/settings'
import { listenerSettings } from './listener-settings.ts'
import { redisSettings } from './redis-settings.ts'

const audience = () => textSchema((text) => parseAudiences(text)[0] ?? text)
const file = () => ({ schema: filePath(), valueName: '<file>' })

/** The settings of the issuer: flags, environment variables, help and reference all come from this table. */
export const settingsTable = defineSettings({
  issuerUrl: setting({
    flag: 'issuer-url',
    description:
      'URL of the issuer: the `iss` of every token, pinned by every relying party. https in canonical form; http for loopback hosts only. Once keys exist it changes by `--move-issuer-from` alone.',
    schema: textSchema(parseIssuerUrl),
    valueName: '<url>',
    group: 'Identity',
  }),
  announceIssuer: setting({
    flag: 'announce-issuer',
    description:
      'URL that the issuer is to move to: discovery is served for it, while tokens carry the issuer URL. It stays announced until the move, or until another one is.',
    schema: textSchema(parseIssuerUrl),
    valueName: '<url>',
    group: 'Identity',
  }),
  moveIssuerFrom: setting({
    flag: 'move-issuer-from',
    description:
      'The stored issuer URL, when the issuer URL is to take its place. The old one is served and accepted until its last token is over.',
    schema: textSchema(parseIssuerUrl),
    valueName: '<url>',
    group: 'Identity',
  }),
  registrationFile: setting({
    flag: 'registration-file',
    description:
      'JSON file of the cluster registration, `{"hostname", "organization_id", "cluster_id"}`. Its hostname gives the issuer URL when none is set; set IDs win over its IDs.',
    ...file(),
    group: 'Identity',
  }),
  tlsNames: setting({
    flag: 'tls-name',
    description:
      'DNS name of the TLS certificate. The first one gives the issuer URL when neither a URL nor a registered hostname does.',
    schema: textSchema((text) => text),
    valueName: '<name>',
    repeatable: true,
    group: 'Identity',
  }),
  organizationId: setting({
    flag: 'organization-id',
    description: 'ID of the organization, in every subject and as the claim `organization_id`.',
    schema: textSchema((text) => parseIdentifier('organization_id', text)),
    valueName: '<id>',
    group: 'Identity',
  }),
  clusterId: setting({
    flag: 'cluster-id',
    description: 'ID of this cluster, the claim `cluster_id`; also says whose ring a store holds.',
    schema: textSchema((text) => parseIdentifier('cluster_id', text)),
    valueName: '<id>',
    group: 'Identity',
  }),

  defaultAudience: setting({
    flag: 'default-audience',
    description: 'Audience of a token for which none is asked; the issuer URL when not set.',
    schema: audience(),
    valueName: '<audience>',
    group: 'Tokens',
  }),
  allowedAudiences: setting({
    flag: 'allowed-audience',
    description: 'The only audiences tokens may have; any when not set.',
    schema: audience(),
    valueName: '<audience>',
    repeatable: true,
    group: 'Tokens',
  }),
  defaultTtl: setting({
    flag: 'default-ttl',
    description:
      'Lifetime of a token for which none is asked; 1h when not set, or `--max-ttl` if that is less.',
    schema: duration({ min: MIN_TTL, max: MAX_TTL }),
    valueName: '<duration>',
    group: 'Tokens',
  }),
  maxTtl: setting({
    flag: 'max-ttl',
    description: 'Longest lifetime of a token; longer requests are shortened to it.',
    schema: duration({ min: MIN_TTL, max: MAX_TTL }),
    valueName: '<duration>',
    default: '24h',
    group: 'Tokens',
  }),

  store: setting({
    flag: 'store',
    description:
      'Where keys and registrations are kept: `sqlite:<path>`, `file:<folder>`, `redis://<host>` or `rediss://<host>` (TLS).',
    schema: storeUrl({ engines: ['sqlite', 'file', 'redis'] }),
    valueName: '<store>',
    default: 'sqlite:./data/issuer.db',
    secret: true,
    group: 'Store',
  }),
  allowNetworkFileSystem: booleanSetting({
    flag: 'allow-network-fs',
    description:
      'Accept a store on a network file system (NFS, SMB, 9p, FUSE), where nothing is promised about crashes and races.',
    group: 'Store',
  }),
  requireKeys: booleanSetting({
    flag: 'require-keys',
    description: 'Refuse an empty store instead of generating a first key.',
    group: 'Store',
  }),
  keyEncryptionKeys: setting({
    flag: 'key-encryption-key-file',
    description:
      'Key that seals the store: 32 random bytes as base64url or hexadecimal digits, in a file that only its owner can read. Also `credential:<name>` for a systemd credential, or `env:<name>` for an environment variable. The first one seals, all of them open.',
    schema: textSchema(parseSecretSource),
    valueName: '<file>',
    repeatable: true,
    group: 'Store',
  }),
  sealing: setting({
    flag: 'sealing',
    description:
      'What becomes of what is not sealed, when there is a key: `strict` refuses it; `adopt` takes it over and seals it; `remove` takes it over, and takes the seals off the store.',
    schema: oneOf(['strict', 'adopt', 'remove']),
    valueName: '<mode>',
    default: 'strict',
    group: 'Store',
  }),
  adoptKeys: setting({
    flag: 'adopt-keys',
    description:
      'Folder of an existing cluster (`workload-identity.key`, `workload-identity.key.prev`, `workload-identity.d/`) whose keys are taken over when the store is empty. It is only read, and must not be writable by others.',
    schema: filePath(),
    valueName: '<folder>',
    group: 'Store',
  }),
  adoptMode: setting({
    flag: 'adopt-mode',
    description:
      'When an adopted Ed25519 key stops signing: `default`, at once; `graceful`, when its successor has been published for `--publish-ahead`.',
    schema: oneOf(['default', 'graceful']),
    valueName: '<mode>',
    default: 'default',
    group: 'Store',
  }),

  ...redisSettings,

  ...listenerSettings,

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

  adminTokenFile: setting({
    flag: 'admin-token-file',
    description:
      'One admin token, or lines `<name> <admin|read> <token>`; at least 32 characters each, file readable by its owner only, re-read on change. Created with a random token when missing, unless the store is Redis.',
    ...file(),
    default: './data/admin-token',
    group: 'Operation',
  }),
  logLevel: setting({
    flag: 'log-level',
    description: 'Least important level that is logged: trace, debug, info, warn, error.',
    schema: oneOf(['trace', 'debug', 'info', 'warn', 'error']),
    valueName: '<level>',
    default: 'info',
    group: 'Operation',
  }),
  auditLog: setting({
    flag: 'audit-log',
    description:
      'File to which administrative actions, minted tokens (without the tokens) and key creation are appended as JSON lines; none when not set.',
    ...file(),
    group: 'Operation',
  }),
})
