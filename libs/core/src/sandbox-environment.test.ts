import { describe, expect, it } from 'vitest'
import { runnerOf, sandboxOf } from '../test/registries.ts'
import { buildSandboxEnvironment, sandboxDirectoryName, tokenPathOf } from './sandbox-environment.ts'

const issuerUrl = 'https://id.example.com'

describe('buildSandboxEnvironment', () => {
  it('gives both families of variables', () => {
    expect(
      buildSandboxEnvironment({ issuerUrl, tokenUrl: 'http://127.0.0.1:7123/v1/token', secret: 'wis_x' }),
    ).toEqual({
      WORKLOAD_IDENTITY_ISSUER_URL: 'https://id.example.com',
      WORKLOAD_IDENTITY_TOKEN_URL: 'http://127.0.0.1:7123/v1/token',
      WORKLOAD_IDENTITY_TOKEN_SECRET: 'wis_x',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:7123/v1/token?api-version=2.0',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'wis_x',
    })
  })

  it('leaves the secret out when the caller keeps it', () => {
    expect(Object.keys(buildSandboxEnvironment({ issuerUrl, tokenUrl: 'http://h/v1/token' }))).toEqual([
      'WORKLOAD_IDENTITY_ISSUER_URL',
      'WORKLOAD_IDENTITY_TOKEN_URL',
      'ACTIONS_ID_TOKEN_REQUEST_URL',
    ])
  })

  it('leaves ACTIONS_* out for a socket, which GitHub’s client cannot use', () => {
    expect(
      buildSandboxEnvironment({ issuerUrl, tokenUrl: 'unix:/run/wid/token.sock', secret: 'wis_x' }),
    ).toEqual({
      WORKLOAD_IDENTITY_ISSUER_URL: 'https://id.example.com',
      WORKLOAD_IDENTITY_TOKEN_URL: 'unix:/run/wid/token.sock',
      WORKLOAD_IDENTITY_TOKEN_SECRET: 'wis_x',
    })
  })

  it('names the file with the secret instead of the secret, which GitHub’s client cannot use', () => {
    const files = { secretFile: '/run/wid/secret', tokenPath: '/run/wid/tokens/x/token' }
    const secret = { secret: 'wis_x', tokenUrl: 'http://127.0.0.1:7133/v1/token' }
    expect(buildSandboxEnvironment({ issuerUrl, ...secret, ...files })).toEqual({
      WORKLOAD_IDENTITY_ISSUER_URL: 'https://id.example.com',
      WORKLOAD_IDENTITY_TOKEN_URL: 'http://127.0.0.1:7133/v1/token',
      WORKLOAD_IDENTITY_TOKEN_SECRET_FILE: '/run/wid/secret',
      WORKLOAD_IDENTITY_TOKEN_PATH: '/run/wid/tokens/x/token',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:7133/v1/token?api-version=2.0',
    })
  })
})

// printf sb/1 | openssl dgst -sha256 -binary | basenc --base64url, without padding
const directory = 'IVQ5-1bojQJgrBB61y_DIynSvdzjwHpxYIQqMyb2NW0'

describe('sandboxDirectoryName', () => {
  it('gives the base64url SHA-256 of the ID', async () => {
    await expect(sandboxDirectoryName('sb/1')).resolves.toBe(directory)
  })
})

describe('tokenPathOf', () => {
  it.each(['/run/tokens', '/run/tokens/', '/run/tokens//'])(
    'gives the path of the first file below %s',
    async (tokenDir) => {
      const record = sandboxOf('sb/1', { token_files: [{ name: 'aws' }, { name: 'gcp' }] })
      await expect(tokenPathOf(record, runnerOf('r-1', { token_dir: tokenDir }))).resolves.toBe(
        `/run/tokens/${directory}/aws`,
      )
    },
  )

  it('names the default file when none is listed', async () => {
    const runner = runnerOf('r-1', { token_dir: '/' })
    await expect(tokenPathOf(sandboxOf('sb/1'), runner)).resolves.toBe(`/${directory}/token`)
  })

  it.each([
    ['the runner is not there', sandboxOf('sb-1'), undefined],
    ['the runner says nothing of a folder', sandboxOf('sb-1'), runnerOf('r-1')],
    ['it has no files', sandboxOf('sb-1', { token_files: [] }), runnerOf('r-1', { token_dir: '/t' })],
  ])('gives none when %s', async (_, record, runner) => {
    await expect(tokenPathOf(record, runner)).resolves.toBeUndefined()
  })
})
