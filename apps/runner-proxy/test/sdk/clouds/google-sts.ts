import { judgeToken, type CloudTrust } from './judge-token.ts'
import type { CloudAnswer, CloudRequest } from './start-cloud.ts'

const sentence: Readonly<Record<string, string>> = {
  audience: 'The audience in ID Token does not match the expected audience.',
  subject: 'The given credential is rejected by the attribute condition.',
  expired: 'ID Token is stale to sign-in.',
}

/**
 * Google's Security Token Service: a token exchange (RFC 8693) at a workload identity pool provider whose condition names `sub`.
 *
 * @see https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
export function createGoogleSts(provider: string, trust: CloudTrust) {
  return async ({ method, path, form }: CloudRequest): Promise<CloudAnswer> => {
    if (method !== 'POST' || path !== '/v1/token') return answer(404, { error: 'not_found' })
    const isExchange =
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
      form.get('requested_token_type') === 'urn:ietf:params:oauth:token-type:access_token' &&
      form.get('subject_token_type') === 'urn:ietf:params:oauth:token-type:jwt'
    if (!isExchange) return refuse('invalid_request', 'Invalid token exchange.')
    if (form.get('audience') !== provider) return refuse('invalid_target', 'The provider does not exist.')
    const judged = await judgeToken(form.get('subject_token') ?? '', trust)
    if (!judged.trusted) {
      return refuse('invalid_grant', sentence[judged.wrong] ?? 'Error connecting to the issuer.')
    }
    return answer(200, {
      access_token: `ya29.federated-token-of-${judged.claims.sub}`,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 3600,
    })
  }
}

function refuse(error: string, description: string): CloudAnswer {
  return answer(400, { error, error_description: description })
}

function answer(status: number, body: unknown): CloudAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) }
}
