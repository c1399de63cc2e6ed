import type { Assignment, AssignmentList } from '@workload-identity/api'
import { unixSeconds } from '@workload-identity/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applyAssignments,
  areConfirmed,
  confirmAssignments,
  findAssigned,
  NO_ASSIGNMENTS,
  noteAssignmentFailure,
  type Assignments,
} from './assignments.ts'

const withCode = (code: string) => expect.objectContaining({ code }) as Error

const assigned = (sandbox_id: string, changes: Partial<Assignment> = {}): Assignment => ({
  sandbox_id,
  app: 'web',
  secrets: [{ sha256: `hash-of-${sandbox_id}` }],
  ...changes,
})

const listOf = (sandboxes: readonly Assignment[], changes: Partial<AssignmentList> = {}): AssignmentList => ({
  runner_id: 'runner-1',
  registry_id: 'registry-1',
  sandboxes: [...sandboxes],
  ended: [],
  ...changes,
})

const apply = (state: Assignments, list: AssignmentList, askedAtMs = 0) =>
  applyAssignments(state, { etag: '"1"', list }, askedAtMs)

const eraOf = (state: Assignments, sandboxId: string) => state.sandboxes.get(sandboxId)?.era

describe('applyAssignments', () => {
  it('tells what came, went and ended', () => {
    const first = apply(NO_ASSIGNMENTS, listOf([assigned('a'), assigned('b')]))
    const ended = [{ sandbox_id: 'a', ended_at: 7 }]
    const second = apply(first.state, listOf([assigned('b'), assigned('c')], { ended }))
    expect(first.change).toEqual({ added: ['a', 'b'], gone: [], changed: [], ended: [] })
    expect(second.change).toEqual({ added: ['c'], gone: ['a'], changed: [], ended: ['a'] })
    expect(apply(second.state, listOf([assigned('b')], { ended })).change.ended).toEqual([])
  })

  it('says of nothing that it ended because a list does not hold it', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([assigned('a')]))
    expect(apply(state, listOf([])).change).toEqual({ added: [], gone: ['a'], changed: [], ended: [] })
  })

  it.each<[string, Partial<Assignment>]>([
    ['app', { app: 'other' }],
    ['subject', { subject: 'app' }],
    ['longest life', { max_ttl: 60 }],
    ['allowed audiences', { allowed_audiences: ['x'] }],
  ])('begins a new era of a sandbox with another %s', (_, changes) => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([assigned('a'), assigned('b')]))
    const next = apply(state, listOf([assigned('a', changes), assigned('b')]))
    expect(next.change.changed).toEqual(['a'])
    expect(eraOf(next.state, 'a')).not.toBe(eraOf(state, 'a'))
    expect(eraOf(next.state, 'b')).toBe(eraOf(state, 'b'))
    expect(apply(next.state, listOf([assigned('a', changes), assigned('b')])).change.changed).toEqual([])
  })

  it.each<[string, Partial<Assignment>]>([
    ['lease', { expires_at: 9 }],
    ['secret', { secrets: [{ sha256: 'new' }] }],
    ['list of files', { token_files: [] }],
  ])('goes on with the era of a sandbox with another %s', (_, changes) => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([assigned('a')]))
    const next = apply(state, listOf([assigned('a', changes)]))
    expect(eraOf(next.state, 'a')).toBe(eraOf(state, 'a'))
  })

  it('begins a new era of a sandbox that was away', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([assigned('a')]))
    const back = apply(apply(state, listOf([])).state, listOf([assigned('a')]))
    expect(eraOf(back.state, 'a')).not.toBe(eraOf(state, 'a'))
  })

  it('takes over a list of another registry, with a new era of everything', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([assigned('a'), assigned('b')]))
    const next = apply(state, listOf([assigned('a')], { registry_id: 'registry-2' }))
    expect(next.change).toEqual({
      added: [],
      gone: ['b'],
      changed: ['a'],
      ended: [],
      formerRegistry: 'registry-1',
    })
  })

  it('refuses a list of another runner with ERR_ISSUER_UNAVAILABLE', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([assigned('a')]))
    expect(() => apply(state, listOf([], { runner_id: 'runner-2' }))).toThrow(
      withCode('ERR_ISSUER_UNAVAILABLE'),
    )
  })

  it('holds 10,000 sandboxes, each of them found by its secret', () => {
    const sandboxes = Array.from({ length: 10_000 }, (_, index) => assigned(`s-${index}`))
    const { state } = apply(NO_ASSIGNMENTS, listOf(sandboxes))
    const again = apply(state, listOf(sandboxes))
    expect(again.change).toEqual({ added: [], gone: [], changed: [], ended: [] })
    expect(again.state.sandboxes.size).toBe(10_000)
    expect(findAssigned(again.state, 'hash-of-s-9999', unixSeconds(0))?.assignment.sandbox_id).toBe('s-9999')
  })

  it('keeps its books through any sequence of lists (property)', () => {
    const assignments = fc.uniqueArray(
      fc.record({
        sandbox_id: fc.constantFrom('a', 'b', 'c', 'd'),
        app: fc.constantFrom('x', 'y'),
        secrets: fc.array(fc.record({ sha256: fc.constantFrom('1', '2', '3') }), { maxLength: 2 }),
      }),
      { selector: ({ sandbox_id }) => sandbox_id },
    )
    const registry = fc.constantFrom('r1', 'r2')
    fc.assert(
      fc.property(fc.array(fc.tuple(assignments, registry), { minLength: 1 }), (lists) => {
        let state: Assignments = NO_ASSIGNMENTS
        for (const [sandboxes, registry_id] of lists) {
          const before = state
          const { state: after, change } = apply(before, listOf(sandboxes, { registry_id }))
          const ids: string[] = sandboxes.map(({ sandbox_id }) => sandbox_id)
          expect([...after.sandboxes.keys()]).toEqual(ids)
          expect(change.gone).toEqual([...before.sandboxes.keys()].filter((id) => !ids.includes(id)))
          // An era is that of before exactly for what was there and did not change.
          for (const id of ids) {
            const isNew = change.added.includes(id) || change.changed.includes(id)
            expect(eraOf(after, id) === eraOf(before, id)).toBe(!isNew)
          }
          const listed = new Set(sandboxes.flatMap(({ secrets }) => secrets.map(({ sha256 }) => sha256)))
          expect(new Set(after.bySecret.keys())).toEqual(listed)
          for (const [sha256, { assignment }] of after.bySecret) {
            expect(assignment.secrets.map((secret) => secret.sha256)).toContain(sha256)
            expect(sandboxes).toContain(assignment)
          }
          state = after
        }
      }),
      { seed: 8 },
    )
  })
})

describe('findAssigned', () => {
  const now = unixSeconds(100)
  const find = (sandboxes: readonly Assignment[], sha256: string) =>
    findAssigned(apply(NO_ASSIGNMENTS, listOf(sandboxes)).state, sha256, now)?.assignment.sandbox_id

  it.each([
    [100, undefined],
    [101, 'a'],
  ])('at 100 gives for a secret that counts until %i: %s', (valid_until, expected) => {
    expect(find([assigned('a', { secrets: [{ sha256: 'x', valid_until }] })], 'x')).toBe(expected)
  })

  it.each([
    [100, undefined],
    [101, 'a'],
  ])('at 100 gives for a sandbox that expires at %i: %s', (expires_at, expected) => {
    expect(find([assigned('a', { expires_at })], 'hash-of-a')).toBe(expected)
  })

  it.each([
    ['before', true],
    ['after', false],
  ])('gives the sandbox that has a secret now, with its former one %s it in the list', (_, isFirst) => {
    const former = assigned('former', { secrets: [{ sha256: 'x', valid_until: 90 }] })
    const present = assigned('present', { secrets: [{ sha256: 'x' }] })
    expect(find(isFirst ? [former, present] : [present, former], 'x')).toBe('present')
  })

  it('gives nothing for a secret that nobody has', () => {
    expect(find([assigned('a')], 'constructor')).toBeUndefined()
  })
})

describe('areConfirmed', () => {
  it('is so until they are too old, counted from the question', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([]), 1000)
    expect(areConfirmed(state, 30_999, 30_000)).toBe(true)
    expect(areConfirmed(state, 31_000, 30_000)).toBe(false)
  })

  it('is never so of what was never given', () => {
    expect(areConfirmed(NO_ASSIGNMENTS, 0, Infinity)).toBe(false)
  })

  it('is so for longer when the issuer says that nothing changed, not after a failure', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([]), 1000)
    expect(areConfirmed(confirmAssignments(state, 2000), 31_999, 30_000)).toBe(true)
    expect(areConfirmed(noteAssignmentFailure(state, false), 31_999, 30_000)).toBe(false)
  })
})

describe('noteAssignmentFailure', () => {
  it('ends that they count when the issuer refuses the runner, until it confirms them again', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([]), 1000)
    expect(areConfirmed(noteAssignmentFailure(state, false), 2000, 30_000)).toBe(true)
    const refused = noteAssignmentFailure(state, true)
    expect(areConfirmed(refused, 2000, 30_000)).toBe(false)
    expect(areConfirmed(noteAssignmentFailure(refused, false), 2000, 30_000)).toBe(false)
    expect(areConfirmed(confirmAssignments(refused, 2000), 2000, 30_000)).toBe(true)
    expect(areConfirmed(apply(refused, listOf([]), 2000).state, 2000, 30_000)).toBe(true)
  })
})

describe('confirmAssignments', () => {
  it('refuses with ERR_ISSUER_UNAVAILABLE when there are none', () => {
    expect(() => confirmAssignments(NO_ASSIGNMENTS, 0)).toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
  })

  it('forgets the failures before', () => {
    const { state } = apply(NO_ASSIGNMENTS, listOf([]))
    const failed = noteAssignmentFailure(noteAssignmentFailure(state, false), true)
    expect(failed.failures).toBe(2)
    expect(confirmAssignments(failed, 1).failures).toBe(0)
  })
})
