import {
  createIssuer,
  createKeyRing,
  fromMilliseconds,
  generateKeyMaterial,
  type KeySpecification,
} from '@workload-identity/core'
import { answer, readSettings } from './answer.ts'

// Mints with core alone, in this process: no HTTP, no store, no log. Concurrency keeps the thread pool busy.

const CONCURRENCY = 32
const issuerUrl = 'https://id.example.com'

const { algorithm } = readSettings() as { readonly algorithm: KeySpecification }
const clock = () => fromMilliseconds(Date.now())
const [ringId, writeId, registryId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
const key = await generateKeyMaterial(algorithm)
const ring = createKeyRing({ ringId, writeId, registryId, clusterId: 'default', issuerUrl, key }, clock())
const issuer = createIssuer({ ring: () => ring, issuerUrl, clock })

process.on('message', (message) => void measure((message as { readonly seconds: number }).seconds))
answer('ready')

async function measure(seconds: number): Promise<void> {
  const start = performance.now()
  const end = start + seconds * 1000
  let minted = 0
  const mintUntilEnd = async () => {
    while (performance.now() < end) {
      await issuer.issueToken('billing', 'billing-1', { audience: 'sts.amazonaws.com' })
      minted += 1
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, mintUntilEnd))
  answer((minted * 1000) / (performance.now() - start))
}
