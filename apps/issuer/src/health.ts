import { isIssuerError, type FollowedKeyRing, type RegistryIdentity } from '@workload-identity/core'
import type { HealthChecks } from '@workload-identity/transport-http'

/** What {@link createHealthChecks} looks at. */
export interface HealthDependencies {
  readonly keyRing: Pick<FollowedKeyRing, 'ring' | 'isFresh' | 'lastFailure'>
  readonly registry: Pick<RegistryIdentity, 'read'>
  /** A rotation that fails for long. */
  readonly findRotationProblem: () => string | undefined
  /** What is wrong outside of the issuer: it can do nothing about it, and signs on. */
  readonly findWarnings: () => readonly (string | undefined)[]
}

/**
 * The health of an issuer. It is live as long as it answers at all: a restart would not bring a store back. It is ready
 * when it may sign, its keys can be rotated, its store is its own, and its registry is there; each problem names the check that failed.
 */
export function createHealthChecks({
  keyRing,
  registry,
  findRotationProblem,
  findWarnings,
}: HealthDependencies): HealthChecks {
  return {
    live: () => ({ problems: [] }),
    async ready() {
      const registryProblem = await findRegistryProblem(registry, keyRing.ring().registry_id)
      const problems = [findRingProblem(keyRing), findRotationProblem(), registryProblem]
      const warnings = findWarnings().filter((text) => text !== undefined)
      return {
        problems: problems.filter((text) => text !== undefined),
        ...(warnings.length > 0 && { warnings }),
      }
    },
  }
}

function findRingProblem(keyRing: HealthDependencies['keyRing']): string | undefined {
  const failure = keyRing.lastFailure()
  if (isIssuerError(failure, 'ERR_STORE_FOREIGN')) {
    return 'key_ring: the store holds the ring of another cluster; it is left alone (ERR_STORE_FOREIGN)'
  }
  if (isIssuerError(failure, 'ERR_ISSUER_URL_CHANGED')) {
    return 'key_ring: the store holds the ring of another issuer URL; it is left alone, and signing stops (ERR_ISSUER_URL_CHANGED)'
  }
  if (isIssuerError(failure, 'ERR_STORE_SCHEMA_NEWER')) {
    return 'key_ring: a newer release wrote the store; it is left alone (ERR_STORE_SCHEMA_NEWER)'
  }
  if (isIssuerError(failure, 'ERR_SEAL_BROKEN', 'ERR_SEAL_MISSING', 'ERR_SEAL_KEY_UNKNOWN')) {
    return `key_ring: the store holds one that is refused because of its seal; it is left alone (${failure.code})`
  }
  return keyRing.isFresh()
    ? undefined
    : 'key_ring: the store could not be read for too long; signing has stopped'
}

async function findRegistryProblem(
  registry: HealthDependencies['registry'],
  expectedId: string,
): Promise<string | undefined> {
  try {
    if ((await registry.read()) === expectedId) return undefined
    return 'registry: it is lost: the store holds another one than the key ring records, or none; restore it from a backup, or accept the loss (POST /v1/registry/accept-loss)'
  } catch (error) {
    const code = isIssuerError(error) ? error.code : 'unexpected error'
    return `registry: it cannot be read (${code})`
  }
}
