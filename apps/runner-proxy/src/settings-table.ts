import { parseIdentifier } from '@workload-identity/core'
import { parseSecretSource } from '@workload-identity/service'
import {
  cidr,
  defineSettings,
  duration,
  filePath,
  listenAddress,
  oneOf,
  setting,
  textSchema,
} from '@workload-identity/settings'
import { parseControlUrl } from './control-url.ts'
import { tokenFileSettings } from './token-file-settings.ts'

const file = () => ({ schema: filePath(), valueName: '<file>' })

/** The settings of a runner proxy: flags, environment variables, help and reference all come from this table. */
export const settingsTable = defineSettings({
  issuerControlUrl: setting({
    flag: 'issuer-control-url',
    description: 'Control listener of the issuer: `https://<host>[:<port>]`, `http://…` or `unix:<path>`.',
    schema: textSchema(parseControlUrl),
    valueName: '<url>',
    required: true,
    group: 'Issuer',
  }),
  runnerId: setting({
    flag: 'runner-id',
    description: 'ID under which this node is registered as a runner.',
    schema: textSchema((text) => parseIdentifier('runner_id', text)),
    valueName: '<id>',
    required: true,
    group: 'Issuer',
  }),
  runnerSecretFile: setting({
    flag: 'runner-secret-file',
    description:
      'File that holds the secret of the runner and nothing else, readable by its owner only, re-read on change; also `credential:<name>` for a systemd credential, or `env:<name>` for an environment variable. Either it or a client certificate.',
    schema: textSchema(parseSecretSource),
    valueName: '<file>',
    group: 'Issuer',
  }),
  tlsCa: setting({
    flag: 'tls-ca',
    description:
      'Authorities (PEM) to trust for an issuer at https, re-read on change; those Node trusts when not set.',
    ...file(),
    group: 'Issuer',
  }),
  tlsCert: setting({
    flag: 'tls-cert',
    description:
      'Client certificate (PEM) that proves the runner to the issuer instead of a secret (mTLS), re-read on change.',
    ...file(),
    group: 'Issuer',
  }),
  tlsKey: setting({
    flag: 'tls-key',
    description: 'Private key (PEM) of the client certificate.',
    ...file(),
    group: 'Issuer',
  }),
  maxAssignmentAge: setting({
    flag: 'max-assignment-age',
    description:
      'How long sandboxes get tokens from the cache while the issuer cannot confirm which sandboxes are assigned to this node.',
    schema: duration({ min: 10, max: 86_400 }),
    valueName: '<duration>',
    default: '30m',
    group: 'Issuer',
  }),

  tokenListen: setting({
    flag: 'token-listen',
    description: 'Address of the token listener (what sandboxes use).',
    schema: listenAddress(),
    valueName: '<address>',
    default: '127.0.0.1:7133',
    group: 'Listeners',
  }),
  controlListen: setting({
    flag: 'control-listen',
    description: 'Address of the control listener (health and metrics).',
    schema: listenAddress(),
    valueName: '<address>',
    default: '127.0.0.1:7134',
    group: 'Listeners',
  }),
  tokenTlsCert: setting({
    flag: 'token-tls-cert',
    description:
      'Certificate chain (PEM) of the token and control listeners, re-read on change. Sockets stay plain.',
    ...file(),
    group: 'Listeners',
  }),
  tokenTlsKey: setting({
    flag: 'token-tls-key',
    description: 'Private key (PEM) of the token and control listeners.',
    ...file(),
    group: 'Listeners',
  }),
  allowPlaintext: setting({
    flag: 'allow-plaintext',
    description:
      '`token` or `control`: that listener may listen beyond loopback without TLS. `issuer`: the issuer may be asked so. Something else has to protect the traffic.',
    schema: oneOf(['token', 'control', 'issuer']),
    valueName: '<name>',
    repeatable: true,
    group: 'Listeners',
  }),
  trustedProxies: setting({
    flag: 'trusted-proxy',
    description:
      'Address or range of proxies whose `Forwarded` and `X-Forwarded-For` tell the client address.',
    schema: cidr(),
    valueName: '<cidr>',
    repeatable: true,
    group: 'Listeners',
  }),

  ...tokenFileSettings,

  logLevel: setting({
    flag: 'log-level',
    description: 'Least important level that is logged: trace, debug, info, warn, error.',
    schema: oneOf(['trace', 'debug', 'info', 'warn', 'error']),
    valueName: '<level>',
    default: 'info',
    group: 'Operation',
  }),
})
