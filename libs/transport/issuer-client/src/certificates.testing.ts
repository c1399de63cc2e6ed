import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate with its key, as PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes an authority with the openssl command; `name` tells its files in `folder` from those of others. */
export function createTestAuthority(folder: string, name: string) {
  const path = (file: string) => join(folder, `${name}-${file}`)
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const [caFile, caKey, csr] = [path('ca.pem'), path('ca.key'), path('csr.pem')]
  openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-keyout', caKey, '-out', caFile)
  return {
    /** The certificate of the authority as PEM. */
    ca: readFileSync(caFile, 'utf8'),
    /** Signs a new certificate with these names, in the notation of openssl. */
    issue(subject: string, names: string): TestCertificate {
      const [keyFile, certFile, extensions] = [path('key.pem'), path('cert.pem'), path('extensions')]
      openssl('req', ...newKey, '-subj', `/CN=${subject}`, '-keyout', keyFile, '-out', csr)
      writeFileSync(extensions, `subjectAltName=${names}\n`)
      const signer = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-extfile', extensions, '-days', '2']
      openssl('x509', '-req', '-in', csr, ...signer, '-out', certFile)
      return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
    },
  }
}
