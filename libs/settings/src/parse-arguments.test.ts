import { describe, expect, it } from 'vitest'
import { table } from './example-table.testing.ts'
import { parseArguments } from './parse-arguments.ts'

function messages(...argv: readonly string[]): string[] {
  return parseArguments(table, argv).problems.map((problem) => problem.message)
}

describe('parseArguments', () => {
  it('gives every text of a flag in order', () => {
    const { texts, problems } = parseArguments(table, [
      '--store',
      'a',
      '--require-keys',
      '--store=b=c',
      '--store=',
    ])
    expect(Object.fromEntries(texts)).toEqual({ store: ['a', 'b=c', ''], requireKeys: ['true'] })
    expect(problems).toEqual([])
  })

  it.each([
    [['--store', '-1'], '-1'],
    [['--store', '-'], '-'],
    [['--store=-x'], '-x'],
    [['--store=--require-keys'], '--require-keys'],
  ])('takes the value of %j although it begins with a dash', (argv, text) => {
    const { texts, problems } = parseArguments(table, argv)
    expect(texts.get('store')).toEqual([text])
    expect(problems).toEqual([])
  })

  it.each([[['--store']], [['--store', '--require-keys']], [['--store', '--']]])(
    'misses a value in %j',
    (argv) => {
      expect(messages(...argv)).toEqual([
        expect.stringContaining('--store (WID_STORE): the flag needs a value'),
      ])
    },
  )

  it('misses a value before an unknown flag and tells both', () => {
    expect(messages('--store', '-x')).toEqual([
      expect.stringContaining('needs a value'),
      'unknown flag "-x": --help lists the flags',
    ])
  })

  it.each(['--require-keys=true', '--require-keys='])('refuses the value in %s', (word) => {
    expect(parseArguments(table, [word]).problems).toEqual([
      {
        settings: ['requireKeys'],
        source: 'flag',
        message:
          '--require-keys (WID_REQUIRE_KEYS): the flag takes no value; write --require-keys alone or leave it out',
      },
    ])
  })

  it.each([
    ['--isuer-url=https://h', 'unknown flag "--isuer-url": did you mean --issuer-url?'],
    ['-issuer-url', 'unknown flag "-issuer-url": did you mean --issuer-url?'],
    ['--hlep', 'unknown flag "--hlep": did you mean --help?'],
    ['--no-require-keys', 'unknown flag "--no-require-keys": did you mean --require-keys?'],
    ['--constructor', 'unknown flag "--constructor": --help lists the flags'],
    ['--a\nb', 'unknown flag "--a\\nb": --help lists the flags'],
  ])('refuses the unknown flag %j', (word, message) => {
    expect(messages(word)).toEqual([message])
  })

  it('reads known flags behind an unknown one', () => {
    expect(parseArguments(table, ['--bogus', '--store', 'a']).texts.get('store')).toEqual(['a'])
  })

  it('counts the word behind an unknown flag as its value, not as a second mistake', () => {
    expect(messages('--bogus', 'x')).toEqual([expect.stringContaining('"--bogus"')])
    expect(messages('--bogus=y', 'x')).toEqual([
      expect.stringContaining('"--bogus"'),
      expect.stringContaining('argument 2 of'),
    ])
  })

  it.each([
    [['serve'], [1]],
    [[''], [1]],
    [['--store', 'a', 'a'], [3]],
    [
      ['a', 'a'],
      [1, 2],
    ],
    [['--require-keys', 'true'], [2]],
    [
      ['--', '--store', 'x'],
      [2, 3],
    ],
    [['--bogus', '--', '--x'], [3]],
    [['--'], []],
    [['--bogus', '--store', 'k', 'x'], [4]],
    [['-5', '--store', 'a'], [1]],
  ])('tells the places of words that belong to no flag in %j', (argv, places) => {
    const strays = messages(...argv).filter((message) => message.startsWith('argument'))
    expect(strays).toEqual(
      places.map((place) => expect.stringContaining(`argument ${place} of the command line`)),
    )
  })

  it('notices help and version anywhere before --', () => {
    expect(parseArguments(table, ['--bogus', '-h', '--version'])).toMatchObject({
      helpRequested: true,
      versionRequested: true,
    })
    expect(parseArguments(table, ['--', '--help'])).toMatchObject({
      helpRequested: false,
      versionRequested: false,
    })
  })
})
