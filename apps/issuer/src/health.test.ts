import { IssuerError, type KeyRing } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { createHealthChecks } from './health.ts'

const ring = { registry_id: 'r1' } as KeyRing

function ready(
  isFresh: boolean,
  read: () => Promise<string | undefined>,
  failure?: unknown,
  rotationProblem?: string,
  warning?: string,
) {
  return createHealthChecks({
    keyRing: { ring: () => ring, isFresh: () => isFresh, lastFailure: () => failure },
    registry: { read },
    findRotationProblem: () => rotationProblem,
    findWarnings: () => [undefined, warning],
  }).ready()
}

describe('createHealthChecks', () => {
  it('is ready while the ring is fresh and the registry is the one of the ring', async () => {
    expect(await ready(true, async () => 'r1')).toEqual({ problems: [] })
  })

  it('only warns of what is wrong elsewhere, such as with a copy of the published documents', async () => {
    expect(await ready(true, async () => 'r1', undefined, undefined, 'the copy is stale')).toEqual({
      problems: [],
      warnings: ['the copy is stale'],
    })
  })

  it('is not ready when the ring was not read for too long', async () => {
    expect(await ready(false, async () => 'r1')).toEqual({
      problems: ['key_ring: the store could not be read for too long; signing has stopped'],
    })
  })

  it.each([['ERR_STORE_FOREIGN'], ['ERR_STORE_SCHEMA_NEWER'], ['ERR_ISSUER_URL_CHANGED']] as const)(
    'is not ready, however fresh its ring, once the store gave %s',
    async (code) => {
      const { problems } = await ready(true, async () => 'r1', new IssuerError(code, 'no'))
      expect(problems).toEqual([expect.stringMatching(new RegExp(`^key_ring: .*${code}`))])
    },
  )

  it('stays ready when the last reading failed otherwise and the ring is fresh', async () => {
    const failure = new IssuerError('ERR_STORE_UNAVAILABLE', 'no')
    expect(await ready(true, async () => 'r1', failure)).toEqual({ problems: [] })
  })

  it('is not ready while the keys cannot be rotated', async () => {
    expect(await ready(true, async () => 'r1', undefined, 'rotation: it fails')).toEqual({
      problems: ['rotation: it fails'],
    })
  })

  it.each([['another'], [undefined]])('is not ready when the registry has the ID %s', async (id) => {
    expect((await ready(true, async () => id)).problems).toEqual([
      expect.stringMatching(/^registry: it is lost.* \(POST \/v1\/registry\/accept-loss\)$/),
    ])
  })

  it('names the failure when the registry cannot be read, and every check that failed', async () => {
    const problems = await ready(false, async () => {
      throw new IssuerError('ERR_STORE_UNAVAILABLE', 'no')
    })
    expect(problems).toEqual({
      problems: [expect.stringMatching(/^key_ring: /), 'registry: it cannot be read (ERR_STORE_UNAVAILABLE)'],
    })
  })

  it('is live whatever its stores do', () => {
    const checks = createHealthChecks({
      keyRing: { ring: () => ring, isFresh: () => false, lastFailure: () => undefined },
      registry: { read: async () => undefined },
      findRotationProblem: () => 'rotation: it fails',
      findWarnings: () => [],
    })
    expect(checks.live()).toEqual({ problems: [] })
  })
})
