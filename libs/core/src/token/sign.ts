import { encodeBase64Url, encodeTextBase64Url } from '../base64url.ts'
import { IssuerError } from '../errors.ts'
import { algorithms, type AlgorithmParameters } from '../key-ring/algorithms.ts'
import { importSigningKey, proveKey } from '../key-ring/key-material.ts'
import { activeKey, type KeyEntry, type KeyRing } from '../key-ring/key-ring.ts'
import type { TokenSigner } from '../ports/token-signer.ts'

/** All that stays the same from token to token. */
interface SigningKey {
  /** The protected header in base64url and its dot. */
  readonly header: string
  readonly parameters: AlgorithmParameters['signParameters']
  readonly key: CryptoKey
}

interface ReadyKey {
  readonly kid: string
  readonly signingKey: Promise<SigningKey>
}

const encoder = new TextEncoder()

/**
 * A {@link TokenSigner} that signs with the active key of `ring()`. A key is proved and imported once, the first time
 * it signs, and forgotten when another one is active.
 *
 * The JWS is put together here (RFC 7515 §7.1) and not by jose, which would encode the header and inspect the key anew
 * for every token; the tests hold every algorithm against jose and OpenSSL.
 *
 * @param ring gives the ring to sign with; what it throws (a ring too old to sign with) goes to the caller.
 */
export function createLocalSigner(ring: () => KeyRing): TokenSigner {
  let ready: ReadyKey | undefined
  return {
    async sign(claims) {
      const active = activeKey(ring())
      if (ready?.kid !== active.kid) ready = { kid: active.kid, signingKey: prepareKey(active) }
      const current = ready
      try {
        const { header, parameters, key } = await current.signingKey
        const signingInput = header + encodeTextBase64Url(JSON.stringify(claims))
        const signature = await crypto.subtle.sign(parameters, key, encoder.encode(signingInput))
        return `${signingInput}.${encodeBase64Url(new Uint8Array(signature))}`
      } catch (cause) {
        if (ready === current) ready = undefined
        if (cause instanceof IssuerError) throw cause
        throw new IssuerError('ERR_SIGNING_FAILED', `signing with key ${active.kid} failed`, {
          cause,
          details: { kid: active.kid },
        })
      }
    },
  }
}

async function prepareKey({
  kid,
  alg,
  public: publicHalf,
  private: privateHalf,
}: KeyEntry): Promise<SigningKey> {
  if (privateHalf === undefined) {
    throw new IssuerError('ERR_SIGNING_FAILED', `key ${kid} has no private half`, { details: { kid } })
  }
  await proveKey({ kid, alg, public: publicHalf, private: privateHalf })
  return {
    header: `${encodeTextBase64Url(JSON.stringify({ alg, kid, typ: 'JWT' }))}.`,
    parameters: algorithms[alg].signParameters,
    key: await importSigningKey(alg, privateHalf),
  }
}
