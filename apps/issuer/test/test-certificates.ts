import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate authority for one test. */
export interface TestAuthority {
  /** Its certificate as PEM: what clients have to trust. */
  readonly ca: string
  /** A new certificate and key for `localhost`, 127.0.0.1 and ::1, as PEM texts. */
  issue(): { readonly cert: string; readonly key: string }
  /** Writes a new pair to `<folder>/<name>.crt` and `.key` and gives the paths. */
  issueTo(folder: string, name: string): { readonly cert: string; readonly key: string }
}

// X.509 in DER (RFC 5280 §4.1) by hand: Node makes keys but no certificates, and openssl is not everywhere.
const oid = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  subjectAltName: '0603551d11',
  basicConstraints: '0603551d13',
}

/** Makes a {@link TestAuthority}; its certificates are valid from yesterday for ten days. */
export function createTestAuthority(): TestAuthority {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certify = (subject: string, publicKey: KeyObject, extension: Buffer) =>
    toPem('CERTIFICATE', buildCertificate({ subject, publicKey, extension, signer: authority.privateKey }))
  const issue: TestAuthority['issue'] = () => {
    const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return {
      cert: certify('localhost', leaf.publicKey, alternativeNames()),
      key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }
  return {
    ca: certify('test authority', authority.publicKey, isAuthority()),
    issue,
    issueTo(folder, name) {
      const pair = issue()
      const paths = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
      writeFileSync(paths.cert, pair.cert)
      writeFileSync(paths.key, pair.key, { mode: 0o600 })
      return paths
    },
  }
}

interface CertificateParts {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly extension: Buffer
  readonly signer: KeyObject
}

function buildCertificate({ subject, publicKey, extension, signer }: CertificateParts): Buffer {
  const algorithm = der(0x30, hex(oid.ecdsaWithSha256))
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, hex('02'))),
    der(0x02, Buffer.concat([hex('01'), randomBytes(8)])),
    algorithm,
    distinguishedName('test authority'),
    der(0x30, utcTime(-1), utcTime(9)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension)),
  )
  const signature = sign('sha256', toBeSigned, signer)
  return der(0x30, toBeSigned, algorithm, der(0x03, hex('00'), signature))
}

function alternativeNames(): Buffer {
  const names = der(
    0x30,
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
  )
  return der(0x30, hex(oid.subjectAltName), der(0x04, names))
}

function isAuthority(): Buffer {
  return der(0x30, hex(oid.basicConstraints), hex('0101ff'), der(0x04, der(0x30, hex('0101ff'))))
}

function distinguishedName(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, hex(oid.commonName), der(0x0c, Buffer.from(commonName)))))
}

function utcTime(daysFromNow: number): Buffer {
  const moment = new Date(Date.now() + daysFromNow * 86_400_000).toISOString()
  return der(0x17, Buffer.from(`${moment.slice(2, 19).replace(/[-T:]/g, '')}Z`))
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

function toPem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
