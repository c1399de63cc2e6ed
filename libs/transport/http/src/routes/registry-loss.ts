import type { Audited } from '../admin-access.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { acceptRegistryLossOperation } from '../openapi/control-operations.ts'
import { emptyQuery, registryLossAcceptance } from '@workload-identity/api'

/** Adds `POST /v1/registry/accept-loss`: the registry that is there takes the place of the lost one. */
export function addRegistryLossRoute(
  app: HttpApp,
  { acceptRegistryLoss }: Pick<ControlServerOptions, 'acceptRegistryLoss'>,
  audited: Audited,
): void {
  const action = 'registry.accept_loss'
  app.post(
    '/v1/registry/accept-loss',
    {
      schema: { body: registryLossAcceptance, querystring: emptyQuery },
      config: { action, isBodyOptional: true, openapi: acceptRegistryLossOperation },
    },
    async (request) => {
      const accept = () => acceptRegistryLoss(request.body.expected_registry_id)
      const accepted = await audited(request, action, {}, accept, ({ registry_id, lost_registry_id }) => ({
        registry_id,
        lost_registry_id,
      }))
      const { registry_id, lost_registry_id, is_empty } = accepted
      return { registry_id, lost_registry_id, is_empty }
    },
  )
}
