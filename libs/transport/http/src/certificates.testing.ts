import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsPair } from './http-options.ts'

/** A certificate to be. */
export interface CertificateRequest {
  /** The names, in the notation of openssl: `DNS:node-1,URI:wid:runner:node-1`; none unless given. */
  readonly names?: string
  /** Its common name. */
  readonly subject?: string
  /** The extended key usage; `clientAuth` unless given, none when empty. */
  readonly usage?: string
  /** How long it is valid, in days from now; below 0 it has expired. */
  readonly days?: number
}

/** An authority of a test. */
export interface TestAuthority {
  /** Its certificate as PEM, and the file that holds it. */
  readonly ca: string
  readonly caFile: string
  /** Signs a new certificate, and gives it with its key as PEM. */
  issue(request: CertificateRequest): TlsPair
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes an authority with the openssl command; `name` tells its files in `folder` from others. */
export function createTestAuthority(folder: string, name: string): TestAuthority {
  const path = (file: string) => join(folder, `${name}-${file}`)
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const [caFile, caKey] = [path('ca.pem'), path('ca.key')]
  const usage = ['-addext', 'keyUsage=critical,keyCertSign']
  openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-keyout', caKey, '-out', caFile, ...usage)
  let issued = 0
  return {
    ca: readFileSync(caFile, 'utf8'),
    caFile,
    issue({ names, subject = 'a client', usage = 'clientAuth', days = 2 }) {
      issued += 1
      const [key, request, cert] = ['key', 'csr', 'pem'].map((kind) => path(`${issued}.${kind}`)) as [
        string,
        string,
        string,
      ]
      openssl('req', ...newKey, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request)
      const extensions = [
        ...(names === undefined ? [] : [`subjectAltName=${names}`]),
        ...(usage === '' ? [] : [`extendedKeyUsage=${usage}`]),
      ]
      writeFileSync(path('extensions'), `${['basicConstraints=CA:FALSE', ...extensions].join('\n')}\n`)
      const signer = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-extfile', path('extensions')]
      openssl('x509', '-req', '-in', request, ...signer, '-days', String(days), '-out', cert)
      return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    },
  }
}

/** A certificate that signed itself, as PEM with its key. */
export function createSelfSigned(folder: string, names: string): TlsPair {
  const [key, cert] = [join(folder, 'self.key'), join(folder, 'self.pem')]
  const extensions = ['-addext', `subjectAltName=${names}`, '-addext', 'extendedKeyUsage=clientAuth']
  execFileSync(
    'openssl',
    ['req', '-x509', ...newKey, '-subj', '/CN=self', '-keyout', key, '-out', cert, ...extensions],
    {
      stdio: 'pipe',
    },
  )
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}
