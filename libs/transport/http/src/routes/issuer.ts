import {
  activeKey,
  announcedIssuerUrl,
  DISCOVERY_PATH,
  earlierIssuerUrls,
  fingerprintKeys,
  JWKS_PATH,
  publishedKeys,
} from '@workload-identity/core'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { issuerOperation } from '../openapi/control-operations.ts'
import { emptyQuery } from '@workload-identity/api'

/** What the facts of the issuer are made from. */
export type IssuerRouteOptions = Pick<
  ControlServerOptions,
  'issuer' | 'ring' | 'clock' | 'cluster' | 'tokenUrl'
>

/** Adds `GET /v1/issuer`: who issues, where, and under which rules. */
export function addIssuerRoute(
  app: HttpApp,
  { issuer, ring, clock, cluster, tokenUrl }: IssuerRouteOptions,
): void {
  app.get(
    '/v1/issuer',
    { schema: { querystring: emptyQuery }, config: { openapi: issuerOperation } },
    async () => {
      const { organizationId, clusterId, defaultAudience, allowedAudiences, ttl } = cluster
      const current = ring()
      const { kid, alg } = activeKey(current)
      const [now, announced] = [clock(), announcedIssuerUrl(current)]
      return {
        issuer: issuer.issuerUrl,
        ...(announced !== undefined && { announced_issuer: announced }),
        earlier_issuers: earlierIssuerUrls(current, now).map(({ url, until }) => ({ issuer: url, until })),
        ...(organizationId !== undefined && { organization_id: organizationId }),
        ...(clusterId !== undefined && { cluster_id: clusterId }),
        discovery_url: issuer.issuerUrl + DISCOVERY_PATH,
        jwks_uri: issuer.issuerUrl + JWKS_PATH,
        token_url: tokenUrl(),
        default_audience: defaultAudience ?? issuer.issuerUrl,
        ...(allowedAudiences !== undefined && { allowed_audiences: allowedAudiences }),
        default_ttl: ttl.defaultTtl,
        max_ttl: ttl.maxTtl,
        active_key: { kid, alg },
        keys_fingerprint: await fingerprintKeys(publishedKeys(current, now)),
        registry_id: current.registry_id,
      }
    },
  )
}
