import { identifierProblem } from '@workload-identity/core'
import type { AdminAction } from './control-options.ts'

/** What an action was about. */
export type AdminActionFacts = Omit<
  AdminAction,
  'actor' | 'action' | 'outcome' | 'code' | 'request_id' | 'client_address'
>

/** A secret of ours or the beginning of a JWT, which is what a client sends when it mixes its variables up. */
const credential = /^(?:wi[sra]_|eyJ[\w-]*(?:\.|$))/

const keyId = /^[\w-]{43}$/

/**
 * The facts without values that must not be written down: IDs that are none (they may be of any length and hold
 * anything; of keys as well), and whatever looks like a secret or a JWT.
 */
export function withoutUnsafeFacts({
  sandbox_id,
  app,
  runner_id,
  sub,
  aud,
  kid,
  ...facts
}: AdminActionFacts): AdminActionFacts {
  return {
    ...(sandbox_id !== undefined && isSafeIdentifier(sandbox_id) && { sandbox_id }),
    ...(app !== undefined && isSafeIdentifier(app) && { app }),
    ...(runner_id !== undefined && isSafeIdentifier(runner_id) && { runner_id }),
    ...(sub !== undefined && !sub.split(':').some(isCredential) && { sub }),
    ...(aud !== undefined && ![aud].flat().some(isCredential) && { aud }),
    ...(kid !== undefined && keyId.test(kid) && { kid }),
    ...facts,
  }
}

function isSafeIdentifier(text: string): boolean {
  return identifierProblem(text) === undefined && !isCredential(text)
}

function isCredential(text: string): boolean {
  return credential.test(text)
}
