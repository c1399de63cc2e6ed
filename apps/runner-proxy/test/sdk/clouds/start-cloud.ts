import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { AtEnd } from '../../start-service.ts'
import type { CertificateFiles } from '../../test-authority.ts'

/** What a cloud's token service is asked. */
export interface CloudRequest {
  readonly method: string
  /** The address it was sent to, `https://localhost:<port>`. */
  readonly origin: string
  readonly path: string
  /** The parameters of the body, which all of the clouds take as a form. */
  readonly form: URLSearchParams
}

/** What it answers. */
export interface CloudAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** A token service that runs. */
export interface RunningCloud {
  /** `https://localhost:<port>` */
  readonly url: string
}

/** Serves a stand-in for a cloud's token service over TLS on loopback until `atEnd`. */
export async function startCloud(
  answer: (request: CloudRequest) => Promise<CloudAnswer>,
  certificate: CertificateFiles,
  atEnd: AtEnd,
): Promise<RunningCloud> {
  const tls = { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
  const origin = () => `https://localhost:${(server.address() as AddressInfo).port}`
  const server = createServer(tls, (request, response) => {
    const reply = async () => {
      const { method = '', url = '' } = request
      const form = new URLSearchParams(await text(request))
      const { status, contentType, body } = await answer({ method, origin: origin(), path: url, form })
      response.writeHead(status, { 'content-type': contentType }).end(body)
    }
    reply().catch((error: unknown) => response.writeHead(500).end(String(error)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: origin() }
}
