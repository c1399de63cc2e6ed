import type { Issuer, MintedToken } from '../issuer.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import type { IssuedToken, TokenOptions } from '../ports/token-issuer.ts'
import type { IdentityClaims } from '../token/claims.ts'
import type { AuthenticateSandbox } from './authenticate-sandbox.ts'
import { describeSandbox, mintSandboxToken } from './mint-sandbox-token.ts'

/** The request a token was asked for with, as an audit notes it: what a transport knows and core does not. */
export interface TokenRequestFacts {
  readonly request_id: string
  readonly client_address: string
}

/** What a token endpoint offers to sandboxes, each of which proves itself by a secret given as its SHA-256 in hex. */
export interface SandboxTokens {
  /**
   * A token for the sandbox that has the secret.
   *
   * @param facts for `onIssued`; of no effect on the token.
   * @throws {IssuerError} those of {@link AuthenticateSandbox} and of `TokenIssuer.issueToken`.
   */
  issue(secretSha256: string, options: TokenOptions, facts?: TokenRequestFacts): Promise<IssuedToken>

  /**
   * The claims that say who the sandbox with the secret is. Signs nothing.
   *
   * @throws {IssuerError} those of {@link AuthenticateSandbox}.
   */
  describe(secretSha256: string): Promise<IdentityClaims>
}

/** What {@link createSandboxTokens} needs. */
export interface SandboxTokensDependencies {
  readonly authenticateSandbox: AuthenticateSandbox
  readonly issuer: Issuer
  /** Called with every token before it is handed out; what it throws refuses the token. */
  readonly onIssued?: (minted: MintedToken, record: SandboxRecord, facts?: TokenRequestFacts) => void
}

/** Makes {@link SandboxTokens} of an issuer that holds the keys. */
export function createSandboxTokens(dependencies: SandboxTokensDependencies): SandboxTokens {
  const { authenticateSandbox, issuer, onIssued } = dependencies
  return {
    async issue(secretSha256, options, facts) {
      const record = await authenticateSandbox(secretSha256)
      const minted = await mintSandboxToken(issuer, record, options)
      onIssued?.(minted, record, facts)
      return minted.token
    },
    async describe(secretSha256) {
      return describeSandbox(issuer, await authenticateSandbox(secretSha256))
    },
  }
}
