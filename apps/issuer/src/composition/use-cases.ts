import {
  createAcceptRegistryLoss,
  createAuthenticateSandbox,
  createChangeSandbox,
  createIssuer,
  createPublishKeys,
  createRegisterSandbox,
  createRegisterSandboxes,
  createRenewSandboxSecret,
  createSandboxTokens,
  createVouchToken,
} from '@workload-identity/core'
import { toMintedTokenFacts } from '../audit-log.ts'
import type { Get, Provide } from './provide.ts'
import * as tokens from './tokens.ts'

const acceptedLossSentence =
  'an admin accepted that the registry is lost: whoever is not in the one that is there must be registered again'

/** Provides the use cases of core: what the routes are made of. */
export function provideUseCases(provide: Provide, get: Get): void {
  provide(tokens.ISSUER, () => {
    const keyRing = get(tokens.KEY_RING)
    return createIssuer({
      ...get(tokens.CONFIG),
      ring: () => keyRing.ring(),
      signingRing: () => keyRing.signingRing(),
      clock: get(tokens.CLOCK),
    })
  })
  provide(tokens.PUBLISH_KEYS, () => {
    const keyRing = get(tokens.KEY_RING)
    const { rotation, signingAlgorithm } = get(tokens.CONFIG)
    return createPublishKeys({
      ring: () => keyRing.ring(),
      isFresh: () => keyRing.isFresh(),
      policy: rotation,
      clock: get(tokens.CLOCK),
      specification: signingAlgorithm,
      random: () => Math.random(),
    })
  })
  const administration = () => ({
    sandboxes: get(tokens.SANDBOXES),
    runners: get(tokens.RUNNERS),
    clock: get(tokens.CLOCK),
  })
  provide(tokens.AUTHENTICATE_SANDBOX, () => createAuthenticateSandbox(administration()))
  provide(tokens.REGISTER_SANDBOX, () => createRegisterSandbox(administration()))
  provide(tokens.REGISTER_SANDBOXES, () => createRegisterSandboxes(administration()))
  provide(tokens.CHANGE_SANDBOX, () => createChangeSandbox(administration()))
  provide(tokens.RENEW_SANDBOX_SECRET, () => createRenewSandboxSecret(administration()))
  provide(tokens.VOUCH_TOKEN, () => createVouchToken({ ...administration(), issuer: get(tokens.ISSUER) }))
  provide(tokens.ACCEPT_REGISTRY_LOSS, () =>
    createAcceptRegistryLoss({
      keyRing: get(tokens.KEY_RING),
      registry: get(tokens.REGISTRY_IDENTITY),
      onRepaired: (repair) => get(tokens.METRICS).recordRingRepair(repair),
      onAccepted(accepted) {
        get(tokens.METRICS).recordAcceptedLoss()
        get(tokens.LOGGER).warn({ ...accepted }, acceptedLossSentence)
      },
    }),
  )
  provide(tokens.SANDBOX_TOKENS, () => {
    const auditLog = get(tokens.AUDIT_LOG)
    return createSandboxTokens({
      authenticateSandbox: get(tokens.AUTHENTICATE_SANDBOX),
      issuer: get(tokens.ISSUER),
      onIssued: (minted, record, facts) =>
        auditLog.write({ event: 'token_minted', ...toMintedTokenFacts(minted, record, facts) }),
    })
  })
}
