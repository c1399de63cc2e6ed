/** What words of a sentence may be made of, secrets and tokens included. */
const words = /[A-Za-z0-9_.-]+/g

/** A secret of this project by its prefix, or a compact JWS, whose header always begins like this. */
const isSecret = (word: string) => /wi[sra]_|^eyJ[^.]*\.[^.]*\./.test(word)

/** The longest sentence that is taken over. */
const maxLength = 500

/** A sentence of an answer as it may go into an error: an issuer that repeats what it was sent must not make it public. */
export function withoutSecrets(sentence: string, bearer: string | undefined): string {
  const withoutBearer = bearer === undefined ? sentence : sentence.replaceAll(bearer, '…')
  const clean = withoutBearer.replace(words, (word) => (isSecret(word) ? '…' : word))
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean
}
