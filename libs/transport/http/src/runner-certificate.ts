import type { X509Certificate } from 'node:crypto'
import { identifierProblem } from '@workload-identity/core'

/** `id-kp-clientAuth` (RFC 5280 §4.2.1.12). */
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'

const RUNNER_URI = 'wid:runner:'

/** What of a certificate says whose it is. */
export type CertificateNames = Pick<X509Certificate, 'subjectAltName' | 'keyUsage'>

/** The runner that a certificate is of, or why it is of none, as a sentence. */
export type RunnerCertificate = { readonly runnerId: string } | { readonly problem: string }

/**
 * Reads from a certificate that was proved which runner it is of. It must be one for the authentication of clients, and
 * exactly one of its subject alternative names (RFC 5280 §4.2.1.6) may name a runner: a DNS name that is a runner's ID, or
 * the URI `wid:runner:<percent-encoded ID>`. Names of other kinds and other URIs say nothing; the subject's common name
 * never counts. Pure; whether there is such a runner is not known here.
 */
export function readRunnerCertificate({ subjectAltName, keyUsage }: CertificateNames): RunnerCertificate {
  // `keyUsage` of Node is the extended key usage, despite its name.
  if (!(keyUsage as readonly string[] | undefined)?.includes(CLIENT_AUTHENTICATION)) {
    return {
      problem: 'the client certificate is not one for client authentication (extendedKeyUsage clientAuth)',
    }
  }
  const names = parseAltNames(subjectAltName ?? '')
  if (names === undefined) return { problem: 'the names in the client certificate cannot be read' }
  const candidates = names.flatMap(toRunnerId)
  const [runnerId, ...others] = candidates
  if (runnerId === undefined) {
    return { problem: 'no subject alternative name of the client certificate names a runner' }
  }
  if (others.length > 0) {
    return { problem: 'more than one subject alternative name of the client certificate can name a runner' }
  }
  if (identifierProblem(runnerId) !== undefined) {
    return { problem: 'the name of the runner in the client certificate is not a runner ID' }
  }
  return { runnerId }
}

interface AltName {
  readonly kind: string
  readonly value: string
}

/** The ID that a name could stand for, also one that is not well-formed: a second name must not hide behind a mistake. */
function toRunnerId({ kind, value }: AltName): readonly string[] {
  if (kind === 'DNS') return [value]
  if (kind !== 'URI' || !value.toLowerCase().startsWith(RUNNER_URI)) return []
  if (!value.startsWith(RUNNER_URI)) return ['']
  try {
    return [decodeURIComponent(value.slice(RUNNER_URI.length))]
  } catch {
    return ['']
  }
}

/**
 * The names as Node writes them: `DNS:a, URI:b`, with a value in JSON quotes when it has a character that could be taken
 * for the end of a name (CVE-2021-44532). `undefined` when the text is anything else.
 */
function parseAltNames(text: string): readonly AltName[] | undefined {
  const names: AltName[] = []
  const name = /([A-Za-z][A-Za-z0-9 ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y
  while (name.lastIndex < text.length) {
    const [, kind, value] = name.exec(text) ?? []
    if (kind === undefined || value === undefined) return undefined
    names.push({ kind, value: value.startsWith('"') ? (JSON.parse(value) as string) : value })
  }
  return names
}
