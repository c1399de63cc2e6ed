/** Codes of undici and of its HTTP parser: their errors hold pieces of what was received. */
const aboutTheExchange = /^(UND_ERR_|HPE_)/

/**
 * The reason of a failed exchange without anything of the exchange itself. Errors of the parser hold what was received,
 * which may be a token; those of sockets and TLS hold addresses and names, which help.
 */
export function describeFailure(error: unknown): Error & { readonly code?: string } {
  if (!(error instanceof Error)) return new Error('the exchange ended')
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === undefined) return new Error(error.name)
  const reason = aboutTheExchange.test(code) ? code : error.message || code
  return Object.assign(new Error(reason), { code })
}
