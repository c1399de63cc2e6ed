import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@workload-identity/service'
import type { InjectionToken } from 'tsyringe'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createContainer } from '../src/composition/container.ts'
import { openState } from '../src/composition/open-state.ts'
import * as tokens from '../src/composition/tokens.ts'
import { readConfig } from '../src/config.ts'

async function compose() {
  const folder = mkdtempSync(join(tmpdir(), 'wid-graph-'))
  const reading = readConfig(
    [
      '--issuer-url=https://issuer.example',
      `--store=sqlite:${join(folder, 'issuer.db')}`,
      `--admin-token-file=${join(folder, 'admin-token')}`,
      '--signing-algorithm=ES256',
      // A busy machine has somebody else on the default ones.
      ...['public', 'token', 'control'].map((name) => `--${name}-listen=127.0.0.1:0`),
    ],
    {},
  )
  if (reading.kind !== 'config') throw new Error('no configuration')
  const state = await openState(reading.config, createLogger('error', { write: () => undefined }))
  onTestFinished(async () => {
    await state.stores.close()
    rmSync(folder, { recursive: true })
  })
  return createContainer(reading.config, state)
}

const roles: readonly (readonly [string, InjectionToken<unknown>])[] = Object.entries(tokens)

describe('createContainer', () => {
  it.each(roles)('plays the role %s, with one object', async (_, token) => {
    const container = await compose()
    const player: unknown = container.resolve(token)
    expect(player).toBeDefined()
    expect(container.resolve(token)).toBe(player)
  })

  it('shares nothing between two containers', async () => {
    const [first, second] = [await compose(), await compose()]
    // The clock of the machine is one.
    for (const [, token] of roles.filter(([name]) => name !== 'CLOCK' && name !== 'AUDIT_LOG')) {
      expect(first.resolve(token)).not.toBe(second.resolve(token))
    }
    expect(first.resolve(tokens.ISSUER).jwks()).not.toEqual(second.resolve(tokens.ISSUER).jwks())
  })
})
