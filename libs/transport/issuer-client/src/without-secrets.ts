/** Secrets of this project by their prefixes (with what follows), and anything that looks like a compact JWS. */
const secrets = /wi[sra]_[A-Za-z0-9_-]{8,}|[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g

/** The longest sentence that is taken over. */
const maxLength = 500

/** A sentence of an answer as it may go into an error: an issuer that repeats what it was sent must not make it public. */
export function withoutSecrets(sentence: string, bearer: string | undefined): string {
  const withoutBearer = bearer === undefined ? sentence : sentence.replaceAll(bearer, '…')
  const clean = withoutBearer.replaceAll(secrets, '…')
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean
}
