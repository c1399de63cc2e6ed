/**
 * A program that uses core as a consumer does: makes a ring, issues a token, verifies it, and throws when anything is
 * wrong. `from` is where it imports core from; it ends by giving the subject to `done`.
 */
export function coreProgram(from: string, done: string): string {
  return `
import { createIssuer, createKeyRing, generateKeyMaterial, unixSeconds } from '${from}'

const now = unixSeconds(1767225600)
const issuerUrl = 'https://id.example.com'
const ids = { ringId: crypto.randomUUID(), writeId: crypto.randomUUID(), registryId: crypto.randomUUID() }
for (const specification of ['RS256', 'ES256', 'EdDSA']) {
  const key = await generateKeyMaterial(specification)
  const ring = createKeyRing({ ...ids, clusterId: 'default', issuerUrl, key }, now)
  const issuer = createIssuer({ ring: () => ring, issuerUrl, clock: () => now })
  const token = await issuer.issueToken('billing', 'billing-1', { audience: 'vault', ttl: 900 })
  const claims = await issuer.verifyToken(token.value, { audience: 'vault' })
  if (claims.exp !== 1767226500 || token.expires_at !== claims.exp) throw new Error('the token ends at another time')
  if (claims.sub !== '${CORE_SUBJECT}') throw new Error('the subject is ' + claims.sub)
}
${done}
`
}

/** The subject of the token that {@link coreProgram} issues. */
export const CORE_SUBJECT = 'app:billing:sandbox:billing-1'
