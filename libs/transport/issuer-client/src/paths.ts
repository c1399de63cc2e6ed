import { parseIdentifier } from '@workload-identity/core'

const collections = { sandbox_id: '/v1/sandboxes', runner_id: '/v1/runners' } as const

/**
 * The path of one sandbox or runner, its ID percent-encoded.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID` for an ID that cannot be one: `..` would be another path.
 */
export function pathOf(name: keyof typeof collections, id: string): string {
  return `${collections[name]}/${encodeURIComponent(parseIdentifier(name, id))}`
}

/** The query with the members that are there, with its `?`; nothing when there are none. */
export function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.append(name, String(value))
  }
  return query.size === 0 ? '' : `?${query}`
}
