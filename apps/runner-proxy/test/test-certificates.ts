import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files of a certificate for `localhost`, and the authority that signed it. */
export interface TestCertificates {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** Makes a test authority in `folder` and a server certificate signed by it, with the openssl command. */
export function createTestCertificates(folder: string): TestCertificates {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const ca = ['-x509', ...newKey, '-days', '2', '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem']
  openssl('req', ...ca, '-addext', 'keyUsage=critical,keyCertSign')
  openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', 'tls.key', '-out', 'tls.csr')
  writeFileSync(
    join(folder, 'san.cnf'),
    'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n',
  )
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san.cnf']
  openssl('x509', '-req', '-in', 'tls.csr', ...signed, '-out', 'tls.pem')
  return {
    caFile: join(folder, 'ca.pem'),
    certFile: join(folder, 'tls.pem'),
    keyFile: join(folder, 'tls.key'),
  }
}
