import { IssuerError } from '../errors.ts'
import { parseIdentifier } from '../identifiers.ts'
import { toSandboxWorkload, type Issuer, type MintedToken } from '../issuer.ts'
import type { SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { TokenOptions } from '../ports/token-issuer.ts'
import type { Clock } from '../time.ts'
import { mintSandboxToken } from './mint-sandbox-token.ts'

/** What vouching needs. */
export interface VouchTokenDependencies {
  readonly issuer: Issuer
  readonly sandboxes: SandboxRegistry
  readonly clock: Clock
}

/** A token that a trusted controller asks for on behalf of a sandbox. */
export interface VouchedTokenRequest extends TokenOptions {
  readonly app: string
  readonly sandbox_id: string
}

/**
 * A token for a sandbox that a trusted controller vouches for, registered or not. If the ID is registered, its
 * application must match and its policy applies.
 *
 * @throws {IssuerError} `ERR_APP_MISMATCH`; those of `TokenIssuer.issueToken`; those of the registry.
 */
export type VouchToken = (request: VouchedTokenRequest) => Promise<MintedToken>

/** Makes {@link VouchToken}. */
export function createVouchToken({ issuer, sandboxes, clock }: VouchTokenDependencies): VouchToken {
  return async ({ app: appText, sandbox_id: sandboxText, ...options }) => {
    const app = parseIdentifier('app', appText)
    const sandboxId = parseIdentifier('sandbox_id', sandboxText)
    const record = await sandboxes.findById(sandboxId, clock())
    if (record === undefined) return issuer.mint(toSandboxWorkload(app, sandboxId), options)
    if (record.app !== app) {
      throw new IssuerError('ERR_APP_MISMATCH', 'the sandbox is registered for another app', {
        details: { sandbox_id: sandboxId },
      })
    }
    return mintSandboxToken(issuer, record, options)
  }
}
