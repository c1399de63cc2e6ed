import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { LivingReplica } from './issuer-cluster.ts'
import type { SandboxHistory } from './judge-mint.ts'
import type { Ledger } from './ledger.ts'

/** The audience of every token. */
export const AUDIENCE = 'sts.chaos.example'

/** The secret that nobody has. */
export const UNKNOWN_SECRET = `wis_${'A'.repeat(43)}`

/** Who asks for a token: a sandbox, or nobody with {@link UNKNOWN_SECRET}. */
export type Asking =
  | { readonly secret: string; readonly history: SandboxHistory }
  | { readonly secret: typeof UNKNOWN_SECRET; readonly history?: never }

/**
 * Asks a replica for a token and puts the answer into the book, where it is judged; a token is kept there to be verified.
 * Gives the status of the answer, `undefined` when there was none.
 *
 * @param ttl lifetime of the token in seconds.
 */
export async function mint(
  replica: LivingReplica,
  { secret, history }: Asking,
  { ledger, ttl }: { readonly ledger: Ledger; readonly ttl: number },
): Promise<number | undefined> {
  const answer = await replica.ask('token', `/v1/token?audience=${AUDIENCE}&ttl=${ttl}`, { bearer: secret })
  if (answer === undefined) return undefined
  const { index, starts } = replica
  const { status, sentAt, answeredAt, headers } = answer
  const hasRetryAfter = Number(headers['retry-after']) > 0
  ledger.answered({ replica: { index, starts }, sentAt, answeredAt, status, hasRetryAfter }, history)
  if (status !== 200) return status
  const { value: token } = JSON.parse(answer.text) as { value: string }
  const { kid = '' } = decodeProtectedHeader(token)
  const { exp = 0, sandbox_id: whose } = decodeJwt(token)
  if (history !== undefined && whose !== history.sandboxId) {
    ledger.violation(`the sandbox ${history.sandboxId} got a token of the sandbox ${String(whose)}`)
  }
  ledger.issued({ token, kid, exp, mintedBy: index })
  return status
}
