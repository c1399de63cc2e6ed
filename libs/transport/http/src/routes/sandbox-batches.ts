import { IssuerError, MAX_SANDBOX_BATCH } from '@workload-identity/core'
import type { Audited } from '../admin-access.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { toErrorAnswer } from '../error-mapping.ts'
import { registerSandboxBatchOperation } from '../openapi/control-operations.ts'
import { toRegistrationFacts, toSandboxSecretView } from '../sandbox-views.ts'
import { emptyQuery, sandboxBatch } from '@workload-identity/api'

/** What registering many sandboxes needs. */
export type SandboxBatchRouteOptions = Pick<ControlServerOptions, 'issuer' | 'registerSandboxes' | 'tokenUrl'>

/** A thousand registrations with long names and some audiences each. */
const BODY_BYTES = 2 * 1024 * 1024

/** Adds `POST /v1/sandbox-batches`: registers up to 1000 sandboxes, each with an outcome and an audit event of its own. */
export function addSandboxBatchRoute(
  app: HttpApp,
  { issuer, registerSandboxes, tokenUrl }: SandboxBatchRouteOptions,
  audited: Audited,
): void {
  app.post(
    '/v1/sandbox-batches',
    {
      bodyLimit: BODY_BYTES,
      schema: { body: sandboxBatch, querystring: emptyQuery },
      config: { action: 'sandbox.register', openapi: registerSandboxBatchOperation },
    },
    async (request) => {
      const { sandboxes } = request.body
      const addresses = { issuerUrl: issuer.issuerUrl, tokenUrl: tokenUrl() }
      const batch = registerSandboxes(sandboxes)
      // Refused as a whole, which is one event and not one for each of a body that is full of them.
      if (sandboxes.length > MAX_SANDBOX_BATCH) await audited(request, 'sandbox.register', {}, () => batch)
      const results: object[] = []
      for (const [index, registration] of sandboxes.entries()) {
        const { sandbox_id } = registration
        const facts = toRegistrationFacts(registration)
        const entry = audited(request, 'sandbox.register', facts, async () => {
          const outcome = (await batch)[index]
          if (outcome === undefined) throw new RangeError('the batch has fewer outcomes than sandboxes')
          if (outcome instanceof IssuerError) throw outcome
          return toSandboxSecretView(outcome, addresses)
        })
        results.push(await entry.catch((error: unknown) => toRefusedEntry(sandbox_id, error)))
      }
      // A batch that failed as a whole is answered as a whole; its members are in the audit by now.
      await batch
      return { results }
    },
  )
}

function toRefusedEntry(sandbox_id: string, error: unknown) {
  const { error: code, description } = toErrorAnswer(error)
  return { sandbox_id, error: code, error_description: description }
}
