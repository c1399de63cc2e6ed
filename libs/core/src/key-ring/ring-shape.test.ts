import { describe, expect, it } from 'vitest'
import { keys, retiredEntry, ringOf, START } from '../../test/fixtures.ts'
import { ringShapeProblem } from './ring-shape.ts'

const ring = {
  ...ringOf(keys.eddsa),
  issuers: [{ url: 'https://id.example.com' }, { url: 'https://old.example.com', until: START }],
  keys: [...ringOf(keys.eddsa).keys, retiredEntry(keys.es256, { remove_at: START, reason: 'r' })],
  history: [
    {
      ...{ kid: keys.rs256.kid, alg: 'RS256', public: keys.rs256.public, signed_from: START },
      ...{ signed_until: START, ended_at: START, reason: 'removed' },
    },
  ],
}

type Path = readonly (string | number)[]

function setAt(value: unknown, [name, ...rest]: Path, replacement: unknown): unknown {
  if (name === undefined) return replacement
  const members = Object.entries(value as Record<string, unknown>)
  const changed = members.map(([key, member]) => [
    key,
    key === String(name) ? setAt(member, rest, replacement) : member,
  ])
  const kept = changed.filter(([, member]) => member !== undefined)
  return Array.isArray(value) ? kept.map(([, member]) => member) : (Object.fromEntries(kept) as unknown)
}

const notMoments = [-1, 1.5, '1', null, Number.NaN, 2 ** 53]
const notTexts = ['', 1, null, ['a'], {}]
const notUuids = [
  '',
  'x',
  '11111111-1111-4111-8111-11111111111',
  '11111111-1111-4111-8111-1111111111111',
  'AAAAAAAA-1111-4111-8111-111111111111',
  1,
]
const notKeyIds = ['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(42)}+`, 1, null]
const notMembers = [null, 'x', [], { kty: 1 }, { kty: 'RSA', n: null }]

describe('ringShapeProblem', () => {
  it('finds nothing wrong with a ring that has every member', () => {
    expect(ringShapeProblem(ring)).toBeUndefined()
  })

  it.each<[Path, readonly unknown[]]>([
    [['schema'], notTexts],
    [['ring_id'], notUuids],
    [['write_id'], notUuids],
    [['registry_id'], notUuids],
    [['cluster_id'], ['', 'a:b', 'a'.repeat(256), 1, null]],
    [['generation'], [0, -1, 1.5, '1', null]],
    [['issuers'], [null, {}, 'x', [null], [[]], ['x']]],
    [['issuers', 0, 'url'], notTexts],
    [['issuers', 1, 'until'], notMoments],
    [['keys'], [null, {}, 'x', [null], [[]]]],
    [['keys', 0, 'kid'], notKeyIds],
    [
      ['keys', 0, 'alg'],
      ['', 'none', 'HS256', 'rs256', 'toString', 1, null],
    ],
    [
      ['keys', 0, 'state'],
      ['', 'gone', 'Active', 1, null],
    ],
    [
      ['keys', 0, 'origin'],
      ['', 'imported', 1, null],
    ],
    [['keys', 0, 'public'], notMembers],
    [['keys', 0, 'private'], notMembers],
    [['keys', 0, 'created_at'], notMoments],
    [['keys', 0, 'published_at'], notMoments],
    [['keys', 0, 'activated_at'], notMoments],
    [['keys', 1, 'retired_at'], notMoments],
    [['keys', 1, 'remove_at'], notMoments],
    [['keys', 1, 'reason'], notTexts],
    [['history'], [null, {}, 'x', [null]]],
    [['history', 0, 'kid'], notKeyIds],
    [
      ['history', 0, 'alg'],
      ['HS256', 1, null],
    ],
    [['history', 0, 'public'], notMembers],
    [['history', 0, 'signed_from'], notMoments],
    [['history', 0, 'signed_until'], notMoments],
    [['history', 0, 'ended_at'], notMoments],
    [['history', 0, 'reason'], notTexts],
  ])('names %j when it is of a wrong kind', (path, values) => {
    const named = path.reduce<string>(
      (text, part) =>
        typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`,
      '',
    )
    for (const value of values) expect(ringShapeProblem(setAt(ring, path, value))).toContain(named)
  })

  const required: readonly Path[] = [
    ...[
      'schema',
      'ring_id',
      'cluster_id',
      'generation',
      'write_id',
      'registry_id',
      'issuers',
      'keys',
      'history',
    ].map((name) => [name]),
    ['issuers', 0, 'url'],
    ...['kid', 'alg', 'state', 'origin', 'public', 'created_at', 'published_at'].map((name) => [
      'keys',
      0,
      name,
    ]),
    ...['kid', 'public', 'ended_at', 'reason'].map((name) => ['history', 0, name]),
  ]
  it.each(required.map((path) => [path]))('says that %j is missing', (path) => {
    expect(ringShapeProblem(setAt(ring, path, undefined))).toMatch(
      new RegExp(`${String(path.at(-1))} is missing$`),
    )
  })

  it.each<Path>([
    ['issuers', 1, 'until'],
    ['keys', 0, 'private'],
    ['keys', 0, 'activated_at'],
    ['keys', 1, 'retired_at'],
    ['keys', 1, 'remove_at'],
    ['keys', 1, 'reason'],
    ['history', 0, 'alg'],
    ['history', 0, 'signed_from'],
    ['history', 0, 'signed_until'],
  ])('does without %s.%s.%s', (...path) => {
    expect(ringShapeProblem(setAt(ring, path, undefined))).toBeUndefined()
  })

  it('says where the mistake is, and nothing of the value', () => {
    expect(ringShapeProblem(setAt(ring, ['keys', 1, 'kid'], 'secret-looking'))).toBe(
      'keys[1].kid is not a key ID',
    )
    expect(ringShapeProblem(setAt(ring, ['issuers', 1], 'x'))).toBe('issuers[1] is not an object')
  })

  it.each([null, undefined, 1, 'text', [], [ring]])('refuses %j as a document', (document) => {
    expect(ringShapeProblem(document)).toBe('the document is not an object')
  })

  it('leaves members it does not know alone', () => {
    expect(
      ringShapeProblem({ ...ring, more: 1, keys: ring.keys.map((key) => ({ ...key, more: null })) }),
    ).toBeUndefined()
  })
})
