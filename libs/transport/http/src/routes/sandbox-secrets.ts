import { parseIdentifier } from '@workload-identity/core'
import type { Audited } from '../admin-access.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { renewSecretOperation } from '../openapi/control-operations.ts'
import { toSandboxSecretView } from '../sandbox-views.ts'
import { emptyQuery, sandboxPath, secretRenewal } from '@workload-identity/api'

/** What renewing a secret needs. */
export type SandboxSecretRouteOptions = Pick<
  ControlServerOptions,
  'issuer' | 'renewSandboxSecret' | 'tokenUrl'
>

/** Adds `POST /v1/sandboxes/{id}/secret`: a new secret, the old one dead at once or after a grace. */
export function addSandboxSecretRoute(
  app: HttpApp,
  { issuer, renewSandboxSecret, tokenUrl }: SandboxSecretRouteOptions,
  audited: Audited,
): void {
  app.post(
    '/v1/sandboxes/:id/secret',
    {
      schema: { params: sandboxPath, body: secretRenewal, querystring: emptyQuery },
      config: { action: 'sandbox.renew_secret', isBodyOptional: true, openapi: renewSecretOperation },
    },
    async (request) => {
      const sandbox_id = parseIdentifier('sandbox_id', request.params.id)
      const renew = () => renewSandboxSecret(sandbox_id, request.body.grace_seconds)
      const renewed = await audited(request, 'sandbox.renew_secret', { sandbox_id }, renew)
      return toSandboxSecretView(renewed, { issuerUrl: issuer.issuerUrl, tokenUrl: tokenUrl() })
    },
  )
}
