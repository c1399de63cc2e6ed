import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a certificate. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** An authority of a test. */
export interface TestAuthority {
  readonly caFile: string
  readonly ca: string
  /** Signs a certificate, of two days unless told, with the lines of an OpenSSL extension file. */
  sign(name: string, extensions: string, days?: number): CertificateFiles
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes an authority in `folder`, with the openssl command. */
export function createTestAuthority(folder: string, name = 'ca'): TestAuthority {
  const path = (file: string) => join(folder, file)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const own = ['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`]
  openssl('req', '-x509', ...newKey, '-days', '2', ...own, '-addext', 'keyUsage=critical,keyCertSign')
  return {
    caFile: path(`${name}.pem`),
    ca: readFileSync(path(`${name}.pem`), 'utf8'),
    sign(file, extensions, days = 2) {
      const files = { certFile: path(`${file}.pem`), keyFile: path(`${file}.key`) }
      openssl('req', ...newKey, '-subj', `/CN=${file}`, '-keyout', files.keyFile, '-out', path(`${file}.csr`))
      writeFileSync(path(`${file}.cnf`), extensions)
      const authority = ['-CA', `${name}.pem`, '-CAkey', `${name}.key`, '-CAcreateserial']
      const signed = ['-days', String(days), '-extfile', path(`${file}.cnf`), '-out', files.certFile]
      openssl('x509', '-req', '-in', path(`${file}.csr`), ...authority, ...signed)
      return files
    },
  }
}
