import { toSandboxWorkload, type Issuer, type MintedToken } from '../issuer.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import type { TokenOptions } from '../ports/token-issuer.ts'
import type { IdentityClaims, Workload } from '../token/claims.ts'

/** The workload that a record describes: claims come from here and from nowhere else. */
export function toWorkload({ app, sandbox_id: sandboxId, subject }: SandboxRecord): Workload {
  return toSandboxWorkload(app, sandboxId, subject)
}

/**
 * A token for a registered sandbox, within its own policy.
 *
 * @throws {IssuerError} as `TokenIssuer.issueToken`.
 */
export async function mintSandboxToken(
  issuer: Issuer,
  record: SandboxRecord,
  options: TokenOptions,
): Promise<MintedToken> {
  return issuer.mint(toWorkload(record), options, record)
}

/** The claims that say who a registered sandbox is. Signs nothing. */
export function describeSandbox(issuer: Issuer, record: SandboxRecord): IdentityClaims {
  return issuer.describe(toWorkload(record))
}
