import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { defineSettings, setting } from './define-settings.ts'
import { table } from './example-table.testing.ts'
import { readSettings, type ReadSettingsOptions } from './read-settings.ts'
import { checkBetween } from './settings-check.ts'
import { SettingsError } from './settings-error.ts'
import { textSchema } from './text-schema.ts'

type Options = ReadSettingsOptions<typeof table>

const program = { programName: 'example', version: '1.2.3', description: 'An example.' }

function read(argv: readonly string[], env: Options['env'] = {}, more: Partial<Options> = {}) {
  const result = readSettings(table, { ...program, argv: ['--runner-id', 'r1', ...argv], env, ...more })
  if (result.kind !== 'config') throw new Error(`not a configuration: ${result.kind}`)
  return result
}

function refusal(
  argv: readonly string[],
  env: Options['env'] = {},
  more: Partial<Options> = {},
): SettingsError {
  try {
    read(argv, env, more)
  } catch (error) {
    if (error instanceof SettingsError) return error
    throw error
  }
  throw new Error('was not refused')
}

function messages(argv: readonly string[], env: Options['env'] = {}, more: Partial<Options> = {}): string[] {
  return refusal(argv, env, more).problems.map((problem) => problem.message)
}

describe('readSettings', () => {
  it('gives defaults, and undefined or an empty array where there is none', () => {
    const { config, sources } = read([])
    expect(config).toEqual({
      issuerUrl: undefined,
      runnerId: 'r1',
      store: { engine: 'sqlite', path: './data/issuer.db' },
      defaultTtl: 3600,
      maxTtl: 86_400,
      tlsNames: [],
      allowPlaintext: [],
      requireKeys: false,
    })
    expect(sources).toEqual({
      issuerUrl: 'unset',
      runnerId: 'flag',
      store: 'default',
      defaultTtl: 'default',
      maxTtl: 'default',
      tlsNames: 'unset',
      allowPlaintext: 'unset',
      requireKeys: 'default',
    })
  })

  it.each([
    [['--default-ttl', '90m']],
    [['--default-ttl=90m']],
    [['--default-ttl', '1', '--default-ttl', '90m']],
  ])('reads %j, of which the last one counts', (argv) => {
    const { config, sources } = read(argv)
    expect(config.defaultTtl).toBe(5400)
    expect(sources.defaultTtl).toBe('flag')
  })

  it('reads variables', () => {
    const { config, sources } = read([], { WID_DEFAULT_TTL: '90m', HOME: '/root' })
    expect(config.defaultTtl).toBe(5400)
    expect(sources.defaultTtl).toBe('environment')
  })

  it('lets a flag win over its variable, whose text is then not judged', () => {
    const { config, sources } = read(['--default-ttl=90m'], { WID_DEFAULT_TTL: 'nonsense' })
    expect(config.defaultTtl).toBe(5400)
    expect(sources.defaultTtl).toBe('flag')
  })

  it('collects a repeatable flag in order, without splitting it at commas', () => {
    expect(read(['--tls-name', 'b', '--tls-name=a', '--tls-name', 'c,d']).config.tlsNames).toEqual([
      'b',
      'a',
      'c,d',
    ])
  })

  it('splits a repeatable variable at commas, without the spaces around them', () => {
    expect(read([], { WID_TLS_NAME: 'b, a ,c' }).config.tlsNames).toEqual(['b', 'a', 'c'])
  })

  it('replaces a repeatable variable by the flags instead of adding to it', () => {
    expect(read(['--tls-name', 'a'], { WID_TLS_NAME: 'b,c' }).config.tlsNames).toEqual(['a'])
  })

  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('reads %s as the variable of a flag without value', (text, expected) => {
    expect(read([], { WID_REQUIRE_KEYS: text }).config.requireKeys).toBe(expected)
  })

  it('turns on a flag without value that is given', () => {
    expect(read(['--require-keys'], { WID_REQUIRE_KEYS: 'false' }).config.requireKeys).toBe(true)
  })

  it('gives a deeply frozen configuration', () => {
    const { config, sources } = read(['--tls-name', 'a'])
    const parts = [config, config.store, config.tlsNames, config.allowPlaintext, sources]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true, true])
  })

  it('freezes what a schema nests, but no instance of a foreign class', () => {
    const nested = defineSettings({
      place: setting({
        flag: 'place',
        description: 'A place.',
        schema: textSchema((text) => ({ parts: [{ text }], url: new URL(`https://h/${text}`) })),
        valueName: '<place>',
        default: 'a',
      }),
    })
    const result = readSettings(nested, { ...program, argv: [], env: {} })
    const place = result.kind === 'config' ? result.config.place : undefined
    expect([place, place?.parts, place?.parts[0]].map((part) => Object.isFrozen(part))).toEqual([
      true,
      true,
      true,
    ])
    expect(Object.isFrozen(place?.url)).toBe(false)
  })

  it('tells unknown flags, a bad duration, a missing value and a missing setting in one error', () => {
    const argv = ['--stroe', 'sqlite:x', '--default-ttl', '1.5h', '--verbose', '--max-ttl', '--require-keys']
    const env = { WID_ISUER_URL: 'https://h', WID_ALLOW_PLAINTEXT: 'control,public' }
    let error: unknown
    try {
      readSettings(table, { ...program, argv, env })
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(SettingsError)
    expect((error as SettingsError).message.split('\n')).toEqual([
      '7 mistakes in the settings of example (--help lists them all):',
      '  - --max-ttl (WID_MAX_TTL): the flag needs a value: --max-ttl <duration> (write --max-ttl=… when it begins with "-")',
      '  - unknown flag "--stroe": did you mean --store?',
      '  - unknown flag "--verbose": --help lists the flags',
      '  - --runner-id (WID_RUNNER_ID): is required: give --runner-id <id> or set WID_RUNNER_ID',
      '  - --default-ttl (WID_DEFAULT_TTL): refused "1.5h" of the flag --default-ttl: must be whole seconds or one number with d, h, m or s: 30d, 24h, 90m, 45s',
      '  - --allow-plaintext (WID_ALLOW_PLAINTEXT): refused "public" of the variable WID_ALLOW_PLAINTEXT: must be one of control, token',
      '  - unknown variable "WID_ISUER_URL": did you mean WID_ISSUER_URL?',
    ])
    expect((error as SettingsError).problems.map(({ settings, source }) => [source, ...settings])).toEqual([
      ['flag', 'maxTtl'],
      ['flag'],
      ['flag'],
      ['unset', 'runnerId'],
      ['flag', 'defaultTtl'],
      ['environment', 'allowPlaintext'],
      ['environment'],
    ])
  })

  it('tells a flag without value once, not also its variable or that the setting is missing', () => {
    expect(messages(['--max-ttl'], { WID_MAX_TTL: 'nonsense' })).toEqual([
      expect.stringContaining('needs a value'),
    ])
    const argv = ['--runner-id']
    expect(() => readSettings(table, { ...program, argv, env: {} })).toThrow(/^1 mistake in the settings/)
  })

  it('tells a flag without value and the refused value of the same flag', () => {
    expect(messages(['--max-ttl', 'nonsense', '--max-ttl'])).toHaveLength(2)
  })

  it('tells every refused value of a repeatable setting', () => {
    expect(
      messages(['--allow-plaintext', 'a', '--allow-plaintext', 'token', '--allow-plaintext', 'b']),
    ).toHaveLength(2)
  })

  it.each([
    [['--issuer-url='], {}],
    [['--issuer-url', ''], {}],
    [[], { WID_ISSUER_URL: '' }],
    [['--tls-name='], {}],
    [[], { WID_TLS_NAME: '' }],
    [[], { WID_TLS_NAME: 'a,,b' }],
    [[], { WID_TLS_NAME: 'a,' }],
    [[], { WID_REQUIRE_KEYS: '' }],
    [[], { WID_STORE: '' }],
  ])('refuses an empty value in %j %j', (argv, env) => {
    expect(messages(argv, env)).toEqual([expect.stringContaining('refused the value')])
    expect(messages(argv, env)[0]).toContain(
      'must not be empty; to leave the setting out, do not give it at all',
    )
  })

  it.each(['yes', 'TRUE', 'on', '2'])('refuses %s as the variable of a flag without value', (text) => {
    expect(messages([], { WID_REQUIRE_KEYS: text })).toEqual([
      `--require-keys (WID_REQUIRE_KEYS): refused "${text}" of the variable WID_REQUIRE_KEYS: must be one of true, false, 1, 0`,
    ])
  })

  it('never repeats the value of a secret setting', () => {
    const stores = ['redis://:hunter2@host/#x', 'hunter2', 'file:hunter2']
    for (const store of stores) {
      expect(refusal(['--store', store]).message).not.toContain('hunter2')
      expect(refusal([], { WID_STORE: store }).message).not.toContain('hunter2')
    }
    expect(refusal(['--store', 'sqlite:a', 'redis://:hunter2@host']).message).not.toContain('hunter2')
    expect(
      refusal(['--stroe', 'redis://:hunter2@host', '--sotre=redis://:hunter2@host']).message,
    ).not.toContain('hunter2')
    expect(refusal([], { WID_STROE: 'redis://:hunter2@host' }).message).not.toContain('hunter2')
  })

  it('keeps every problem on one line and cuts long values', () => {
    const error = refusal(['--default-ttl', `a\nb${'x'.repeat(500)}`])
    expect(error.message.split('\n')).toHaveLength(2)
    expect(error.message.length).toBeLessThan(500)
  })

  it('leaves the variables of other programs and of Kubernetes services alone', () => {
    const env = {
      WID_TOKEN_DIR: '/run',
      WID_SERVICE_HOST: '10.0.0.1',
      WID_SERVICE_PORT: '80',
      WID_ISSUER_SERVICE_PORT_HTTP: '80',
      WID_ISSUER_PORT: 'tcp://10.0.0.1:80',
      WID_ISSUER_PORT_80_TCP_ADDR: '10.0.0.1',
      WORKLOAD_IDENTITY_TOKEN_URL: 'http://127.0.0.1',
      WID_GONE: undefined,
    }
    expect(read([], env, { otherVariables: ['WID_TOKEN_DIR'] }).kind).toBe('config')
    expect(messages([], { ...env, WID_PORT: '80' })).toEqual([
      expect.stringContaining('unknown variable "WID_TOKEN_DIR"'),
      expect.stringContaining('unknown variable "WID_PORT"'),
    ])
  })

  it.each(['--help', '-h'])('gives the help for %s, whatever else is wrong', (flag) => {
    const result = readSettings(table, { ...program, argv: ['--nonsense', flag], env: { WID_STORE: '' } })
    expect(result.kind).toBe('help')
  })

  it.each(['--version', '-V'])('gives the version for %s, whatever else is wrong', (flag) => {
    const result = readSettings(table, { ...program, argv: ['--nonsense', flag], env: {} })
    expect(result).toEqual({ kind: 'version', text: 'example 1.2.3' })
  })

  describe('with checks', () => {
    const ttls = checkBetween(table, ['defaultTtl', 'maxTtl'], ({ defaultTtl, maxTtl }) =>
      defaultTtl > maxTtl ? ['the default is longer than the longest'] : [],
    )

    it('tells the problems between settings together with those of other settings', () => {
      expect(
        messages(['--default-ttl=2h', '--max-ttl=1h', '--allow-plaintext=x'], {}, { checks: [ttls] }),
      ).toEqual([
        expect.stringContaining('--allow-plaintext'),
        '--default-ttl (WID_DEFAULT_TTL), --max-ttl (WID_MAX_TTL): the default is longer than the longest',
      ])
    })

    it('finds nothing where nothing is wrong', () => {
      expect(read(['--default-ttl=1h', '--max-ttl=1h'], {}, { checks: [ttls] }).config.maxTtl).toBe(3600)
    })

    it.each([[['--max-ttl=nonsense']], [['--max-ttl']]])(
      'does not run a check of a refused setting: %j',
      (argv) => {
        const never = checkBetween(table, ['maxTtl'], () => ['ran'])
        expect(messages(argv, {}, { checks: [never] })).toHaveLength(1)
      },
    )

    it('reports an IssuerError of an assertion of core, and lets a bug through', () => {
      const refuses = checkBetween(table, ['maxTtl'], () => {
        throw new IssuerError('ERR_POLICY_INVALID', 'the policy does not hold')
      })
      expect(messages([], {}, { checks: [refuses] })).toEqual([
        '--max-ttl (WID_MAX_TTL): the policy does not hold',
      ])
      const breaks = checkBetween(table, ['maxTtl'], () => {
        throw new RangeError('a bug')
      })
      expect(() => read([], {}, { checks: [breaks] })).toThrow(RangeError)
    })
  })
})
