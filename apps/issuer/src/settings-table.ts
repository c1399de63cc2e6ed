import { MAX_TTL, MIN_TTL, parseAudiences, parseIdentifier, parseIssuerUrl } from '@workload-identity/core'
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
import { keySettings } from './key-settings.ts'
import { listenerSettings } from './listener-settings.ts'
import { redisSettings } from './redis-settings.ts'
import { runnerSettings } from './runner-settings.ts'

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

  ...runnerSettings,

  ...keySettings,

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
