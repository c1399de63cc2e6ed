import { cidr, filePath, listenAddress, oneOf, setting, textSchema } from '@workload-identity/settings'
import { parseJwksAlias } from './jwks-alias.ts'
import { parseTokenUrl } from './token-url.ts'

const file = () => ({ schema: filePath(), valueName: '<file>' })

/** The part of the table of settings that is about listeners and their TLS. */
export const listenerSettings = {
  publicListen: setting({
    flag: 'public-listen',
    description: 'Address of the public listener (discovery and JWKS).',
    schema: listenAddress(),
    valueName: '<address>',
    default: '127.0.0.1:8080',
    group: 'Listeners',
  }),
  tokenListen: setting({
    flag: 'token-listen',
    description: 'Address of the token listener (what sandboxes use).',
    schema: listenAddress(),
    valueName: '<address>',
    default: '127.0.0.1:7123',
    group: 'Listeners',
  }),
  controlListen: setting({
    flag: 'control-listen',
    description: 'Address of the control listener (administration, health, metrics).',
    schema: listenAddress(),
    valueName: '<address>',
    default: '127.0.0.1:7124',
    group: 'Listeners',
  }),
  tokenUrl: setting({
    flag: 'token-url',
    description:
      'URL of the token endpoint as sandboxes see it, path included, for their `env`; made from the address of the token listener when not set.',
    schema: textSchema(parseTokenUrl),
    valueName: '<url>',
    group: 'Listeners',
  }),
  jwksAliases: setting({
    flag: 'jwks-alias',
    description: 'Further path of the public listener at which the JWKS is served.',
    schema: textSchema(parseJwksAlias),
    valueName: '<path>',
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

  publicTlsCert: setting({
    flag: 'public-tls-cert',
    description: 'Certificate chain (PEM) of the public listener, re-read on change.',
    ...file(),
    group: 'TLS',
  }),
  publicTlsKey: setting({
    flag: 'public-tls-key',
    description: 'Private key (PEM) of the public listener.',
    ...file(),
    group: 'TLS',
  }),
  tlsCert: setting({
    flag: 'tls-cert',
    description:
      'Certificate chain (PEM) of the token and control listeners, re-read on change. Sockets stay plain.',
    ...file(),
    group: 'TLS',
  }),
  tlsKey: setting({
    flag: 'tls-key',
    description: 'Private key (PEM) of the token and control listeners.',
    ...file(),
    group: 'TLS',
  }),
  allowPlaintext: setting({
    flag: 'allow-plaintext',
    description:
      'Listener that may listen beyond loopback without TLS, because something else protects its traffic.',
    schema: oneOf(['control', 'token']),
    valueName: '<listener>',
    repeatable: true,
    group: 'TLS',
  }),
}
