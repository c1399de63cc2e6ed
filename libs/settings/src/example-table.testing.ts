import { booleanSetting, defineSettings, setting } from './define-settings.ts'
import { duration } from './duration.ts'
import { filePath } from './file-path.ts'
import { httpUrl } from './http-url.ts'
import { oneOf } from './one-of.ts'
import { storeUrl } from './store-url.ts'

/** A table with one setting of every kind, for the tests of this package. */
export const table = defineSettings({
  issuerUrl: setting({
    flag: 'issuer-url',
    description: 'URL of the issuer.',
    schema: httpUrl(),
    valueName: '<url>',
    group: 'Identity',
  }),
  runnerId: setting({
    flag: 'runner-id',
    description: 'Name of this runner.',
    schema: filePath(),
    valueName: '<id>',
    required: true,
    group: 'Identity',
  }),
  store: setting({
    flag: 'store',
    description: 'Where keys are kept: one|other.',
    schema: storeUrl({ engines: ['sqlite', 'redis'] }),
    valueName: '<store>',
    default: 'sqlite:./data/issuer.db',
    secret: true,
  }),
  defaultTtl: setting({
    flag: 'default-ttl',
    description: 'Lifetime of a token.',
    schema: duration({ min: 60, max: 86_400 }),
    valueName: '<duration>',
    default: '3600',
  }),
  maxTtl: setting({
    flag: 'max-ttl',
    description: 'Longest lifetime of a token.',
    schema: duration({ min: 60, max: 86_400 }),
    valueName: '<duration>',
    default: '24h',
  }),
  tlsNames: setting({
    flag: 'tls-name',
    description: 'Name in the certificate.',
    schema: filePath(),
    valueName: '<name>',
    repeatable: true,
  }),
  allowPlaintext: setting({
    flag: 'allow-plaintext',
    description: 'Listener that may do without TLS.',
    schema: oneOf(['control', 'token']),
    valueName: '<listener>',
    repeatable: true,
  }),
  requireKeys: booleanSetting({ flag: 'require-keys', description: 'Refuse an empty store.' }),
})
