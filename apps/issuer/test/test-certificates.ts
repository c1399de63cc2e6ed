import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files of a certificate for `localhost` and 127.0.0.1, and the authority that signed it. */
export interface TestCertificates {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly ca: string
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes a test authority in `folder` and a server certificate signed by it, with the openssl command. */
export function createTestCertificates(folder: string): TestCertificates {
  const path = (name: string) => join(folder, name)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const ca = ['-x509', ...newKey, '-days', '2', '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem']
  openssl('req', ...ca, '-addext', 'keyUsage=critical,keyCertSign')
  openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', 'tls.key', '-out', 'tls.csr')
  writeFileSync(path('san.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san.cnf']
  openssl('x509', '-req', '-in', 'tls.csr', ...signed, '-out', 'tls.pem')
  return {
    caFile: path('ca.pem'),
    certFile: path('tls.pem'),
    keyFile: path('tls.key'),
    ca: readFileSync(path('ca.pem'), 'utf8'),
  }
}

/** Makes a certificate for a client, signed by the authority in `folder`; `names` as openssl writes them (`DNS:node-1`). */
export function createClientCertificate(
  folder: string,
  names: string,
): { readonly cert: string; readonly key: string } {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  openssl('req', ...newKey, '-subj', '/CN=client', '-keyout', 'client.key', '-out', 'client.csr')
  const extensions = `subjectAltName=${names}\nextendedKeyUsage=clientAuth\n`
  writeFileSync(join(folder, 'client.cnf'), extensions)
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'client.cnf']
  openssl('x509', '-req', '-in', 'client.csr', ...signed, '-days', '2', '-out', 'client.pem')
  return {
    cert: readFileSync(join(folder, 'client.pem'), 'utf8'),
    key: readFileSync(join(folder, 'client.key'), 'utf8'),
  }
}
