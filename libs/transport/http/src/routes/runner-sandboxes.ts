import { emptyQuery } from '@workload-identity/api'
import type { AssignmentSnapshot } from '@workload-identity/core'
import { matchesEntityTag, toCachedDocument, type CachedDocument } from '../cached-document.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { runnerSandboxesOperation } from '../openapi/runner-operations.ts'
import type { RunnerOf } from '../runner-access.ts'
import { toAssignmentList } from '../runner-views.ts'

/**
 * Adds `GET /v1/runner/sandboxes`: what is assigned to the runner that asks, all at once. Every runner asks every few
 * seconds, and nearly always nothing has changed: as long as the snapshot is the same object, so is the document.
 */
export function addRunnerSandboxesRoute(
  app: HttpApp,
  { listAssignments }: Pick<ControlServerOptions, 'listAssignments'>,
  runnerOf: RunnerOf,
): void {
  const documents = new WeakMap<AssignmentSnapshot, CachedDocument>()
  const toDocument = (snapshot: AssignmentSnapshot): CachedDocument => {
    const known = documents.get(snapshot)
    if (known !== undefined) return known
    const document = toCachedDocument(toAssignmentList(snapshot), 'application/json; charset=utf-8')
    documents.set(snapshot, document)
    return document
  }

  app.get(
    '/v1/runner/sandboxes',
    { schema: { querystring: emptyQuery }, config: { isQuiet: true, openapi: runnerSandboxesOperation } },
    async (request, reply) => {
      const isFresh = /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(request.headers['cache-control'] ?? '')
      const snapshot = await listAssignments(runnerOf(request).runner_id, { isFresh })
      const { etag, contentType, body } = toDocument(snapshot)
      reply.header('etag', etag)
      if (matchesEntityTag(request.headers['if-none-match'], etag)) return reply.code(304).send()
      return reply.header('content-type', contentType).send(body)
    },
  )
}
