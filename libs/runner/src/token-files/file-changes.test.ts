import type { AssignmentList } from '@workload-identity/api'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimsOf, filesOf, isFileName, planFileChanges, type KnownSandbox } from './file-changes.ts'

type Assignment = AssignmentList['sandboxes'][number]

const assignment = (id: string, rest: Partial<Assignment> = {}): Assignment => ({
  sandbox_id: id,
  app: 'shop',
  secrets: [],
  ...rest,
})
const listOf = (sandboxes: Assignment[], rest: Partial<AssignmentList> = {}): AssignmentList => ({
  runner_id: 'r1',
  registry_id: 'registry-1',
  sandboxes,
  ended: [],
  ...rest,
})
const knownOf = (...assignments: Assignment[]) =>
  new Map<string, KnownSandbox>(
    assignments.map((known) => [
      known.sandbox_id,
      {
        app: known.app,
        claims: claimsOf(known),
        registryId: 'registry-1',
        files: new Map(filesOf(known).map((file) => [file.name, file])),
      },
    ]),
  )
const nothing = { found: [], wanted: [], unwanted: [], ended: [], doubted: [], refused: [] }

describe('planFileChanges', () => {
  it('finds sandboxes that are not known, with one file named token unless they say otherwise', () => {
    const plain = assignment('a')
    const none = assignment('b', { token_files: [] })
    const two = assignment('c', { token_files: [{ name: 'aws', audience: 'sts' }, { name: 'gcp' }] })
    expect(planFileChanges(listOf([plain, none, two]), new Map(), new Map())).toStrictEqual({
      ...nothing,
      found: [
        { assignment: plain, files: [{ name: 'token' }] },
        { assignment: none, files: [] },
        { assignment: two, files: [{ name: 'aws', audience: 'sts' }, { name: 'gcp' }] },
      ],
    })
  })

  it('changes nothing for a list that says what is known, nor for one that says nothing', () => {
    const [a, b] = [assignment('a'), assignment('b', { token_files: [{ name: 'x', ttl: 60 }] })]
    expect(planFileChanges(listOf([a, b]), knownOf(a, b), new Map())).toStrictEqual(nothing)
    expect(planFileChanges(listOf([]), knownOf(a, b), new Map())).toStrictEqual(nothing)
  })

  it.each([
    ['a new file', { token_files: [{ name: 'token' }, { name: 'more' }] }, [{ name: 'more' }]],
    [
      'another audience',
      { token_files: [{ name: 'token', audience: 'x' }] },
      [{ name: 'token', audience: 'x' }],
    ],
    ['another ttl', { token_files: [{ name: 'token', ttl: 60 }] }, [{ name: 'token', ttl: 60 }]],
    ['another form of the subject', { subject: 'app' as const }, [{ name: 'token' }]],
    ['another policy', { max_ttl: 600 }, [{ name: 'token' }]],
  ])('wants %s at once', (_what, change, files) => {
    const changed = assignment('a', change)
    expect(planFileChanges(listOf([changed]), knownOf(assignment('a')), new Map())).toStrictEqual({
      ...nothing,
      wanted: [{ assignment: changed, files }],
    })
  })

  it('no longer wants a file that the sandbox lost', () => {
    const before = assignment('a', { token_files: [{ name: 'x' }, { name: 'y' }] })
    const after = assignment('a', { token_files: [{ name: 'y' }] })
    expect(planFileChanges(listOf([after]), knownOf(before), new Map())).toStrictEqual({
      ...nothing,
      unwanted: [{ assignment: after, files: [{ name: 'x' }] }],
    })
  })

  it('replaces every file of a sandbox that is another one of the same ID', () => {
    const after = assignment('a', { app: 'bank' })
    expect(planFileChanges(listOf([after]), knownOf(assignment('a')), new Map())).toStrictEqual({
      ...nothing,
      unwanted: [{ assignment: after, files: [{ name: 'token' }] }],
      wanted: [{ assignment: after, files: [{ name: 'token' }] }],
    })
  })

  it('ends what is listed as ended, known or not, once', () => {
    const ended = [
      { sandbox_id: 'a', ended_at: 10 },
      { sandbox_id: 'never-seen', ended_at: 11 },
      { sandbox_id: 'again', ended_at: 12 },
    ]
    const heardOf = new Map([['again', 12]])
    expect(planFileChanges(listOf([], { ended }), knownOf(assignment('a')), heardOf)).toStrictEqual({
      ...nothing,
      ended: ended.slice(0, 2),
    })
  })

  it('ends a sandbox of the same ID again after it came back, and never one that is live', () => {
    const heardOf = new Map([['a', 10]])
    const ended = [{ sandbox_id: 'a', ended_at: 20 }]
    expect(planFileChanges(listOf([], { ended }), new Map(), heardOf).ended).toStrictEqual(ended)
    const a = assignment('a')
    expect(planFileChanges(listOf([a], { ended }), knownOf(a), new Map())).toStrictEqual(nothing)
  })

  it('doubts the end of a sandbox that was last seen in another registry', () => {
    const ended = [{ sandbox_id: 'a', ended_at: 10 }]
    const list = listOf([], { ended, registry_id: 'registry-2' })
    expect(planFileChanges(list, knownOf(assignment('a')), new Map())).toStrictEqual({
      ...nothing,
      doubted: ended,
    })
  })

  it('refuses names that could lead elsewhere', () => {
    const names = ['../../etc/passwd', '.', '..', '', 'a/b', 'a\0b', '.token.x.tmp', 'ok']
    const a = assignment('a', { token_files: names.map((name) => ({ name })) })
    const changes = planFileChanges(listOf([a]), new Map(), new Map())
    expect(changes.found).toStrictEqual([{ assignment: a, files: [{ name: 'ok' }] }])
    expect(changes.refused[0]?.files).toHaveLength(7)
  })

  it('takes files away for ends and for what a live sandbox lost, whatever the lists', () => {
    const ids = fc.constantFrom('a', 'b', 'c', 'd')
    const names = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 })
    const sandboxes = fc
      .uniqueArray(fc.tuple(ids, names, fc.constantFrom('shop', 'bank')), { selector: ([id]) => id })
      .map((some) =>
        some.map(([id, files, app]) => assignment(id, { app, token_files: files.map((name) => ({ name })) })),
      )
    const ends = fc.uniqueArray(ids).map((some) => some.map((sandbox_id) => ({ sandbox_id, ended_at: 1 })))
    fc.assert(
      fc.property(sandboxes, sandboxes, ends, (before, now, ended) => {
        const known = knownOf(...before)
        const changes = planFileChanges(listOf(now, { ended }), known, new Map())
        const live = new Set(now.map(({ sandbox_id: id }) => id))
        for (const { sandbox_id: id } of changes.ended) {
          expect(live).not.toContain(id)
          expect(ended.map(({ sandbox_id }) => sandbox_id)).toContain(id)
        }
        for (const { assignment: of } of [...changes.unwanted, ...changes.wanted])
          expect(live).toContain(of.sandbox_id)
        // What is done gives what the list says.
        for (const of of now) {
          const files = new Set(known.get(of.sandbox_id)?.files.keys())
          const find = (some: typeof changes.wanted) =>
            some.find(({ assignment: other }) => other === of)?.files.map(({ name }) => name) ?? []
          for (const name of find(changes.unwanted)) files.delete(name)
          for (const name of [...find(changes.found), ...find(changes.wanted)]) files.add(name)
          expect([...files].sort()).toStrictEqual((of.token_files ?? []).map(({ name }) => name).sort())
        }
      }),
      { seed: 20_260_103 },
    )
  })
})

describe('isFileName', () => {
  it.each([
    ['a', true],
    [`a${'.'.repeat(63)}`, true],
    [`a${'.'.repeat(64)}`, false],
    ['-a', false],
    ['_a', false],
    ['a\n', false],
  ])('of %j is %s', (name, expected) => expect(isFileName(name)).toBe(expected))
})
