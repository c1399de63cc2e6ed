import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest, type HttpAnswer } from './send-request.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'

const registered = { sandbox_id: 'billing-1', app: 'billing' }

interface Fault {
  readonly begin: (disk: SmallDisk) => void
  readonly end: (disk: SmallDisk) => void
}

const full: Fault = { begin: (disk) => disk.fill(), end: (disk) => disk.free() }
const readOnly: Fault = { begin: (disk) => disk.setReadOnly(true), end: (disk) => disk.setReadOnly(false) }

// A disk with a database open on it cannot become read-only; the adapter's own tests open one read-only instead.
const cases: readonly [engine: string, fault: string, Fault][] = [
  ['sqlite', 'is full', full],
  ['file', 'is full', full],
  ['file', 'is read-only', readOnly],
]

function register(issuer: IssuerProcess, serial: number): Promise<HttpAnswer> {
  // A long record, so that no free piece of the last page is enough for it.
  const audiences = Array.from({ length: 90 }, (_, index) => `https://${index}.example/${'x'.repeat(200)}`)
  const json = { sandbox_id: `report-${serial}`, app: 'report', allowed_audiences: audiences }
  return issuer.control('/v1/sandboxes', { method: 'POST', json })
}

describe('an issuer whose disk breaks while it runs', () => {
  it.each(cases)(
    'refuses changes with 503 on %s that %s, goes on minting, and loses nothing',
    async (engine, _, { begin, end }) => {
      const folder = await createTestFolder()
      const disk = mountSmallDisk(join(folder, 'disk'))
      const flags = [`--store=${engine}:${join(disk.path, 'store')}`]
      const issuer = await startIssuer({ folder, flags })
      const { secret } = await issuer.register(registered)
      const jwks = (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).text

      begin(disk)
      const answers = []
      for (let serial = 1; serial <= 5; serial += 1) answers.push((await register(issuer, serial)).status)
      expect(answers).toEqual([503, 503, 503, 503, 503])
      expect((await issuer.mint(secret)).status).toBe(200)
      expect((await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).text).toBe(jwks)

      end(disk)
      expect((await register(issuer, 1)).status).toBe(201)
      await issuer.stop()
      const again = await startIssuer({ folder, issuerUrl: issuer.issuerUrl, flags })
      expect((await sendRequest(again.ready.public, '/.well-known/jwks.json')).text).toBe(jwks)
      expect((await again.mint(secret)).status).toBe(200)
      expect((await again.control('/v1/sandboxes/report-1')).status).toBe(200)
      expect((await again.control('/v1/sandboxes/report-2')).status).toBe(404)
      await again.stop()
    },
  )
})
