import type { SandboxRecord } from '@workload-identity/core'
import { faulty, withoutPolicy, type BrokenRegistry } from './broken-registry.testing.ts'

/** Faults of lists and their pages. */
export const listFaults: readonly BrokenRegistry[] = [
  {
    fault: 'a list skips the first item of every further page',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        list: async (query, now) => {
          const page = await sandboxes.list(query, now)
          return query.after === undefined ? page : { ...page, items: page.items.slice(1) }
        },
      },
      runners: {
        list: async (query, now) => {
          const page = await runners.list(query, now)
          return query.after === undefined ? page : { ...page, items: page.items.slice(1) }
        },
      },
    })),
    found: [
      'sandbox list: gives every item once over pages of one and of two',
      'sandbox list: starts after the given ID, also when there is none of that ID',
      'sandbox list: counts only live sandboxes towards a page',
      'sandbox list: gives the sandboxes of one runner only, page by page, when asked to',
      'runners: lists every runner once, ordered by ID as ASCII text, over pages',
    ],
  },
  {
    fault: 'a list repeats the item it starts after',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        list: async (query, now) => {
          const page = await sandboxes.list(query, now)
          const again = query.after === undefined ? undefined : await sandboxes.findById(query.after, now)
          return again === undefined ? page : { ...page, items: [again, ...page.items] }
        },
      },
    })),
    found: [
      'sandbox list: gives every item once over pages of one and of two',
      'sandbox list: starts after the given ID, also when there is none of that ID',
      'sandbox list: counts only live sandboxes towards a page',
      'sandbox list: gives the sandboxes of one runner only, page by page, when asked to',
    ],
  },
  {
    fault: 'a full page always names a next one',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        list: async (query, now) => {
          const { items } = await sandboxes.list(query, now)
          return { items, next: items.length === query.limit ? (items.at(-1)?.sandbox_id ?? null) : null }
        },
      },
      runners: {
        list: async (query, now) => {
          const { items } = await runners.list(query, now)
          return { items, next: items.length === query.limit ? (items.at(-1)?.runner_id ?? null) : null }
        },
      },
    })),
    found: [
      'sandbox list: gives whole records',
      'sandbox list: gives every item once over pages of one and of two',
      'sandbox list: gives next as the last ID of a page that others follow, null when it is filled exactly',
      'sandbox list: counts only live sandboxes towards a page',
      'runners: lists every runner once, ordered by ID as ASCII text, over pages',
    ],
  },
  {
    fault: 'an empty list names a next page',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        list: async (query, now) => {
          const page = await sandboxes.list(query, now)
          return page.items.length === 0 ? { items: [], next: '' } : page
        },
      },
    })),
    found: [
      'sandbox expiry: no longer lists a sandbox at its expires_at',
      'sandbox list: gives an empty last page of an empty registry',
      'sandbox list: gives the sandboxes of one runner only, page by page, when asked to',
      'sandbox list: follows a sandbox to the runner its replacement names',
    ],
  },
  {
    fault: 'a list is ordered as a dictionary, not as ASCII',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        list: async (query, now) => {
          const page = await sandboxes.list(query, now)
          const items = page.items.toSorted((a, b) => a.sandbox_id.localeCompare(b.sandbox_id, 'en'))
          return { ...page, items }
        },
      },
      runners: {
        list: async (query, now) => {
          const page = await runners.list(query, now)
          return {
            ...page,
            items: page.items.toSorted((a, b) => a.runner_id.localeCompare(b.runner_id, 'en')),
          }
        },
      },
    })),
    found: [
      'sandbox list: orders by ID as ASCII text, whatever the order of registration',
      'runners: lists every runner once, ordered by ID as ASCII text, over pages',
    ],
  },
  {
    fault: 'a list gives its page before it filters by runner',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        list: async ({ runnerId, ...query }, now) => {
          const page = await sandboxes.list(query, now)
          const matches = (record: SandboxRecord) => runnerId === undefined || record.runner_id === runnerId
          return { ...page, items: page.items.filter(matches) }
        },
      },
    })),
    found: ['sandbox list: gives the sandboxes of one runner only, page by page, when asked to'],
  },
  {
    fault: 'a list does not filter by runner',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: { list: ({ runnerId: _, ...query }, now) => sandboxes.list(query, now) },
    })),
    found: [
      'sandbox list: gives the sandboxes of one runner only, page by page, when asked to',
      'sandbox list: follows a sandbox to the runner its replacement names',
    ],
  },
  {
    fault: 'a list gives records without their policy',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        list: async (query, now) => {
          const page = await sandboxes.list(query, now)
          return { ...page, items: page.items.map(withoutPolicy) }
        },
      },
    })),
    found: ['sandbox list: gives whole records'],
  },
]
