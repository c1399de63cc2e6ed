import type { FastifyRequest } from 'fastify'

/** The header fields that every answer to a request has. */
export function commonHeaders({ id }: Pick<FastifyRequest, 'id'>): Readonly<Record<string, string>> {
  return { 'x-request-id': id, 'x-content-type-options': 'nosniff' }
}
