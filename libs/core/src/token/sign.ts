import { CompactSign } from 'jose'
import { IssuerError } from '../errors.ts'
import { importSigningKey, proveKey } from '../key-ring/key-material.ts'
import { activeKey, type KeyEntry, type KeyRing } from '../key-ring/key-ring.ts'
import type { TokenSigner } from '../ports/token-signer.ts'

interface ReadyKey {
  readonly kid: string
  readonly key: Promise<CryptoKey>
}

const encoder = new TextEncoder()

/**
 * A {@link TokenSigner} that signs with the active key of `ring()`. A key is proved and imported once, the first time
 * it signs, and forgotten when another one is active.
 *
 * @param ring gives the ring to sign with; what it throws (a ring too old to sign with) goes to the caller.
 */
export function createLocalSigner(ring: () => KeyRing): TokenSigner {
  let ready: ReadyKey | undefined
  return {
    async sign(claims) {
      const active = activeKey(ring())
      if (ready?.kid !== active.kid) ready = { kid: active.kid, key: prepareKey(active) }
      const current = ready
      try {
        const header = { alg: active.alg, kid: active.kid, typ: 'JWT' }
        // Copied: where TextEncoder comes from another realm than this code, its arrays are not this realm's Uint8Array.
        const payload = Uint8Array.from(encoder.encode(JSON.stringify(claims)))
        return await new CompactSign(payload).setProtectedHeader(header).sign(await current.key)
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
}: KeyEntry): Promise<CryptoKey> {
  if (privateHalf === undefined) {
    throw new IssuerError('ERR_SIGNING_FAILED', `key ${kid} has no private half`, { details: { kid } })
  }
  await proveKey({ kid, alg, public: publicHalf, private: privateHalf })
  return importSigningKey(alg, privateHalf)
}
