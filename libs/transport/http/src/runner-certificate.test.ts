import { describe, expect, it } from 'vitest'
import { readRunnerCertificate } from './runner-certificate.ts'

const clientAuth = '1.3.6.1.5.5.7.3.2'
const none = 'no subject alternative name of the client certificate names a runner'
const several = 'more than one subject alternative name of the client certificate can name a runner'
const notAnId = 'the name of the runner in the client certificate is not a runner ID'

function read(subjectAltName: string | undefined, keyUsage: string[] | undefined = [clientAuth]) {
  // Types of Node leave out that there may be none.
  return readRunnerCertificate({ subjectAltName, keyUsage })
}

describe('readRunnerCertificate', () => {
  it.each([
    ['DNS:node-1', 'node-1'],
    ['DNS:node-1.example.com', 'node-1.example.com'],
    ['URI:wid:runner:node-1', 'node-1'],
    ['URI:wid:runner:rack-1%2Fnode-1', 'rack-1/node-1'],
    ['URI:wid:runner:rack-1/node-1', 'rack-1/node-1'],
    ['URI:wid:runner:a%2fb', 'a/b'],
    ['IP Address:10.0.0.1, DNS:node-1, email:ops@example.com', 'node-1'],
    ['URI:spiffe://example.com/node, URI:wid:runner:node-1', 'node-1'],
    ['othername:<unsupported>, DNS:node-1', 'node-1'],
  ])('reads from %s that it is of %s', (names, runnerId) => {
    expect(read(names)).toEqual({ runnerId })
  })

  it.each([
    [undefined, none],
    ['', none],
    ['IP Address:10.0.0.1', none],
    ['email:node-1', none],
    ['URI:spiffe://example.com/node-1', none],
    ['URI:wid:sandbox:node-1', none],
    ['DNS:node-1, DNS:node-2', several],
    ['DNS:node-1, DNS:node-1', several],
    ['DNS:node-1, URI:wid:runner:node-1', several],
    ['URI:wid:runner:node-1, URI:wid:runner:node-2', several],
    ['DNS:node-1, DNS:*.example.com', several],
    ['DNS:node-1, URI:wid:runner:', several],
    ['DNS:node-1, URI:WID:RUNNER:node-2', several],
    ['DNS:*.example.com', notAnId],
    ['URI:wid:runner:', notAnId],
    ['URI:wid:runner:%', notAnId],
    ['URI:wid:runner:a%3Ab', notAnId],
    ['URI:wid:runner:..%2Fnode-1', notAnId],
    ['URI:WID:runner:node-1', notAnId],
    ['DNS:"node-1, DNS:node-2"', notAnId],
    ['URI:"wid:runner:node-1, DNS:node-2"', notAnId],
  ])('reads from %s that it is of none', (names, problem) => {
    expect(read(names)).toEqual({ problem })
  })

  it.each(['DNS:node-1,DNS:node-2', 'DNS:"node-1', 'node-1', 'DNS:node-1; DNS:node-2"'])(
    'does not guess what %s means',
    (names) => {
      expect(read(names)).toHaveProperty('problem')
    },
  )

  it.each([[[]], [['1.3.6.1.5.5.7.3.1']], [['2.5.29.37.0']]])(
    'refuses a certificate with the extended key usages %j',
    (keyUsage) => {
      expect(read('DNS:node-1', keyUsage)).toEqual({
        problem: 'the client certificate is not one for client authentication (extendedKeyUsage clientAuth)',
      })
    },
  )

  it('refuses a certificate without an extended key usage, which would be good for anything', () => {
    const names = { subjectAltName: 'DNS:node-1', keyUsage: undefined }
    expect(
      readRunnerCertificate(names as unknown as Parameters<typeof readRunnerCertificate>[0]),
    ).toHaveProperty('problem')
  })
})
