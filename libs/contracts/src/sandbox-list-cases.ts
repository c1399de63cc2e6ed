import type { SandboxRegistry } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { awkwardIds, BEFORE, NOW, openClaimed, sandbox } from './registry-fixtures.ts'

/** Lists of sandboxes, page by page. */
export const sandboxListCases: readonly ContractCase<RegistryHarness>[] = [
  {
    name: 'sandbox list: gives an empty last page of an empty registry',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      expect(await sandboxes.list({ limit: 1 }, NOW)).toStrictEqual({ items: [], next: null })
    },
  },
  {
    name: 'sandbox list: gives whole records',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const record = sandbox('a', { app: 'shop', runner_id: 'node', allowed_audiences: ['x'], max_ttl: 60 })
      await sandboxes.register(record, NOW)
      expect(await sandboxes.list({ limit: 1 }, NOW)).toStrictEqual({ items: [record], next: null })
    },
  },
  {
    name: 'sandbox list: orders by ID as ASCII text, whatever the order of registration',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerAll(sandboxes, [...awkwardIds].reverse())
      expect(idsOf(await sandboxes.list({ limit: 1000 }, NOW))).toStrictEqual([
        '0',
        '9~',
        'A',
        'A.b_c/d@e+f=g~h-i',
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'Zz',
        'a',
        'a+b',
        'a-b',
        'a.b',
        'a/b',
        'a=b',
        'a@b',
        'a_b',
        'abcdefghijklmnopqrstuvwxyz0123456789',
        'a~b',
        'k'.repeat(255),
      ])
    },
  },
  {
    name: 'sandbox list: gives every item once over pages of one and of two',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerAll(sandboxes, ['a', 'B', 'c', 'A', 'b'])
      expect(await pagesOf(sandboxes, 1)).toStrictEqual([['A'], ['B'], ['a'], ['b'], ['c']])
      expect(await pagesOf(sandboxes, 2)).toStrictEqual([['A', 'B'], ['a', 'b'], ['c']])
    },
  },
  {
    name: 'sandbox list: gives next as the last ID of a page that others follow, null when it is filled exactly',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerAll(sandboxes, ['a', 'b', 'c'])
      expect((await sandboxes.list({ limit: 2 }, NOW)).next).toBe('b')
      expect((await sandboxes.list({ limit: 3 }, NOW)).next).toBeNull()
      expect((await sandboxes.list({ limit: 1, after: 'b' }, NOW)).next).toBeNull()
    },
  },
  {
    name: 'sandbox list: starts after the given ID, also when there is none of that ID',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await registerAll(sandboxes, ['a', 'c', 'e'])
      expect(idsOf(await sandboxes.list({ limit: 10, after: 'a' }, NOW))).toStrictEqual(['c', 'e'])
      expect(idsOf(await sandboxes.list({ limit: 10, after: 'b' }, NOW))).toStrictEqual(['c', 'e'])
      expect(idsOf(await sandboxes.list({ limit: 10, after: 'e' }, NOW))).toStrictEqual([])
    },
  },
  {
    name: 'sandbox list: counts only live sandboxes towards a page',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { expires_at: NOW }), BEFORE)
      await registerAll(sandboxes, ['b', 'd'])
      await sandboxes.register(sandbox('c', { expires_at: NOW }), BEFORE)
      await sandboxes.register(sandbox('e', { expires_at: NOW }), BEFORE)
      expect(await pagesOf(sandboxes, 1)).toStrictEqual([['b'], ['d']])
    },
  },
  {
    name: 'sandbox list: gives the sandboxes of one runner only, page by page, when asked to',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      const homes = { a: 'node', b: 'Node', c: 'node', d: 'node-2', e: 'node' }
      for (const [id, runner_id] of Object.entries(homes))
        await sandboxes.register(sandbox(id, { runner_id }), NOW)
      await sandboxes.register(sandbox('f'), NOW)
      expect(await pagesOf(sandboxes, 2, 'node')).toStrictEqual([['a', 'c'], ['e']])
      expect(await pagesOf(sandboxes, 2, 'Node')).toStrictEqual([['b']])
      expect(await pagesOf(sandboxes, 2, 'node-3')).toStrictEqual([[]])
    },
  },
  {
    name: 'sandbox list: follows a sandbox to the runner its replacement names',
    async run(harness) {
      const { sandboxes } = await openClaimed(harness)
      await sandboxes.register(sandbox('a', { runner_id: 'node-1' }), NOW)
      await sandboxes.replace(sandbox('a', { runner_id: 'node-2', revision: 2 }), NOW)
      expect(await pagesOf(sandboxes, 10, 'node-1')).toStrictEqual([[]])
      expect(await pagesOf(sandboxes, 10, 'node-2')).toStrictEqual([['a']])
    },
  },
]

async function registerAll(sandboxes: SandboxRegistry, ids: readonly string[]): Promise<void> {
  for (const id of ids) await sandboxes.register(sandbox(id), NOW)
}

function idsOf(page: Awaited<ReturnType<SandboxRegistry['list']>>): string[] {
  return page.items.map((item) => item.sandbox_id)
}

async function pagesOf(sandboxes: SandboxRegistry, limit: number, runnerId?: string): Promise<string[][]> {
  const pages: string[][] = []
  let after: string | null | undefined
  // More pages than there can be, so that a `next` that leads nowhere fails instead of hanging.
  while (after !== null && pages.length < 100) {
    const query = {
      limit,
      ...(after === undefined ? {} : { after }),
      ...(runnerId === undefined ? {} : { runnerId }),
    }
    const page = await sandboxes.list(query, NOW)
    pages.push(idsOf(page))
    after = page.next
  }
  return pages
}
