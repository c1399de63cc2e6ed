import { IssuerError, type IssuerErrorCode } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { answerRules, toErrorAnswer } from './error-mapping.ts'

const codes = Object.keys(answerRules) as IssuerErrorCode[]
const secretive = (code: IssuerErrorCode) =>
  toErrorAnswer(new IssuerError(code, 'own-sentence', { cause: new Error('inner') }))

describe('toErrorAnswer', () => {
  it.each([
    ['ERR_CREDENTIAL_UNKNOWN', 403, 'access_denied'],
    ['ERR_AUDIENCE_NOT_ALLOWED', 403, 'access_denied'],
    ['ERR_AUDIENCE_INVALID', 400, 'invalid_target'],
    ['ERR_TTL_INVALID', 400, 'invalid_request'],
    ['ERR_IDENTIFIER_INVALID', 400, 'invalid_request'],
    ['ERR_POLICY_INVALID', 400, 'invalid_request'],
    ['ERR_SANDBOX_EXISTS', 409, 'conflict'],
    ['ERR_REVISION_CONFLICT', 409, 'conflict'],
    ['ERR_APP_MISMATCH', 409, 'conflict'],
    ['ERR_SECRET_IN_USE', 409, 'conflict'],
    ['ERR_REGISTRY_NOT_LOST', 409, 'conflict'],
    ['ERR_SANDBOX_NOT_FOUND', 404, 'not_found'],
    ['ERR_STORE_UNAVAILABLE', 503, 'temporarily_unavailable'],
    ['ERR_STORE_CORRUPT', 503, 'temporarily_unavailable'],
    ['ERR_REGISTRY_LOST', 503, 'temporarily_unavailable'],
    ['ERR_KEY_RING_STALE', 503, 'temporarily_unavailable'],
    ['ERR_SIGNING_FAILED', 503, 'temporarily_unavailable'],
    ['ERR_STORE_ROLLED_BACK', 503, 'temporarily_unavailable'],
    ['ERR_STORE_FOREIGN', 503, 'temporarily_unavailable'],
    ['ERR_KEY_INVALID', 500, 'server_error'],
  ] as const)('answers %s with %i %s', (code, status, error) => {
    expect(secretive(code)).toMatchObject({ status, error })
  })

  it('says the sentence of an error only when it is about the request', () => {
    // Which key is in the way is what whoever asked to change keys has to know.
    const ofKeys: readonly string[] = ['ERR_ACTIVE_KEY_CHANGED', 'ERR_KEY_IN_USE', 'ERR_KEY_TRANSITION']
    for (const code of codes) {
      const { status, description } = secretive(code)
      expect([code, description === 'own-sentence']).toEqual([code, status === 400 || ofKeys.includes(code)])
      expect(description).not.toContain('inner')
    }
  })

  it('has Retry-After with every 503 and with nothing else', () => {
    for (const code of codes) {
      const { status, headers } = secretive(code)
      expect([code, headers?.['retry-after']]).toEqual([code, status === 503 ? '5' : undefined])
    }
  })

  it.each([[new Error('inner')], ['inner'], [undefined], [null], [{ statusCode: 200 }]])(
    'answers the unknown error %j with 500 and says nothing of it',
    (error) => {
      expect(toErrorAnswer(error)).toEqual({
        status: 500,
        error: 'server_error',
        description: 'the server failed',
      })
    },
  )
})
