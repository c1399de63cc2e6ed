import { judgeToken, type CloudTrust } from './judge-token.ts'
import type { CloudAnswer, CloudRequest } from './start-cloud.ts'

const sentence: Readonly<Record<string, string>> = {
  audience: 'AADSTS700212: No matching federated identity record found for presented assertion audience.',
  subject: 'AADSTS700213: No matching federated identity record found for presented assertion subject.',
  expired: 'AADSTS700024: Client assertion is not within its valid time range.',
}

/**
 * Microsoft Entra ID: the client credentials grant with a federated credential as the client's assertion (RFC 7523 §2.2), and the
 * metadata of the tenant that clients read first.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function createEntra(
  app: { readonly tenantId: string; readonly clientId: string },
  trust: CloudTrust,
) {
  return async ({ method, origin, path, form }: CloudRequest): Promise<CloudAnswer> => {
    const tenant = `${origin}/${app.tenantId}`
    if (path.startsWith(`/${app.tenantId}/v2.0/.well-known/openid-configuration`)) {
      return answer(200, {
        issuer: `${tenant}/v2.0`,
        authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
        token_endpoint: `${tenant}/oauth2/v2.0/token`,
        jwks_uri: `${tenant}/discovery/v2.0/keys`,
      })
    }
    const isToken = method === 'POST' && path.startsWith(`/${app.tenantId}/oauth2/v2.0/token`)
    if (!isToken) return answer(404, { error: 'not_found' })
    const isGrant =
      form.get('grant_type') === 'client_credentials' &&
      form.get('client_id') === app.clientId &&
      form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    if (!isGrant) return answer(400, { error: 'invalid_request', error_description: 'AADSTS900144' })
    const judged = await judgeToken(form.get('client_assertion') ?? '', trust)
    if (!judged.trusted) {
      const error_description =
        sentence[judged.wrong] ?? 'AADSTS50013: Assertion failed signature validation.'
      return answer(401, { error: 'invalid_client', error_description })
    }
    return answer(200, {
      token_type: 'Bearer',
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: `entra-token-of-${judged.claims.sub}`,
    })
  }
}

function answer(status: number, body: unknown): CloudAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) }
}
