import type { MintedToken } from '@workload-identity/core'
import type { Audited } from '../admin-access.ts'
import type { AdminActionFacts } from '../audit-facts.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { vouchTokenOperation } from '../openapi/control-operations.ts'
import { emptyQuery, vouchedToken } from '@workload-identity/api'

/** Adds `POST /v1/tokens`: a token for a sandbox that a trusted controller vouches for. */
export function addVouchedTokenRoute(
  app: HttpApp,
  { vouchToken }: Pick<ControlServerOptions, 'vouchToken'>,
  audited: Audited,
): void {
  app.post(
    '/v1/tokens',
    {
      schema: { body: vouchedToken, querystring: emptyQuery },
      config: { action: 'token.vouch', openapi: vouchTokenOperation },
    },
    async (request) => {
      const { body } = request
      const facts = { sandbox_id: body.sandbox_id, app: body.app }
      const { token } = await audited(request, 'token.vouch', facts, () => vouchToken(body), toFacts)
      return { value: token.value, expires_at: token.expires_at }
    },
  )
}

function toFacts({ claims: { jti, sub, aud, exp } }: MintedToken): AdminActionFacts {
  return { jti, sub, aud, expires_at: exp }
}
