import { describe, expect, it } from 'vitest'
import { buildSandboxEnvironment } from './sandbox-environment.ts'

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
})
