import { activeKey, announcedIssuerUrl, earlierIssuerUrls, sealingKey } from '@workload-identity/core'
import { announceReady, type LifecyclePart, type PeriodicTask } from '@workload-identity/service'
import { describeStore } from '@workload-identity/settings'
import type { IssuerConfig } from '../config.ts'
import type { IssuerListeners } from '../issuer-listeners.ts'
import type { IssuerState } from './open-state.ts'

/** What is started and stopped. */
export interface LifecyclePartsOptions {
  readonly config: IssuerConfig
  readonly state: IssuerState
  readonly listeners: IssuerListeners
  readonly periodicTasks: readonly PeriodicTask[]
  readonly ringWatch: LifecyclePart
}

/**
 * The parts of an issuer in the order of their start. Stores and audit log come first, so that they are closed last; the
 * listeners come after what they rely on; `ready` is said when everything else is done.
 */
export function createLifecycleParts(options: LifecyclePartsOptions): readonly LifecyclePart[] {
  const { config, state, listeners, periodicTasks } = options
  const { auditLog, stores, opened, logger } = state
  const issuer = config.issuerUrl
  return [
    { name: 'audit log', stop: () => auditLog.close() },
    { name: 'stores', stop: () => stores.close() },
    {
      name: 'announcements',
      start() {
        announce(options)
        for (const { kid, alg, origin } of opened.created ? opened.ring.keys : []) {
          auditLog.write({ event: origin === 'adopted' ? 'key_adopted' : 'key_created', kid, alg })
        }
        auditLog.write({ event: 'issuer_started', issuer })
      },
      stop: () => auditLog.write({ event: 'issuer_stopped', issuer }),
    },
    ...periodicTasks.map((task, index) => ({
      name: `periodic task ${index + 1}`,
      start: () => task.start(),
      stop: () => task.stop(),
    })),
    options.ringWatch,
    { name: 'listeners', start: () => listeners.start(), stop: () => listeners.stop() },
    {
      name: 'ready',
      start() {
        if (config.tokenUrl === undefined && isWildcard(config)) {
          logger.warn(
            { token_url: listeners.tokenUrl() },
            'the token listener has no address that sandboxes elsewhere can use: set --token-url',
          )
        }
        announceReady(logger, listeners.addresses())
      },
    },
  ]
}

function announce({ config, state }: LifecyclePartsOptions): void {
  const { logger, opened } = state
  const { kid, alg } = activeKey(opened.ring)
  logger.info(
    {
      issuer: config.issuerUrl,
      source: config.issuerUrlSource,
      store: describeStore(config.store),
      kid,
      alg,
    },
    'opened the key ring',
  )
  announceIssuerUrls(state)
  announceFirstKeys(state)
  if (opened.registryLost) {
    logger.error(
      { registry_id: opened.ring.registry_id },
      'the registry is lost: sandboxes cannot be told until the one the key ring records is back, or an admin accepts the loss (POST /v1/registry/accept-loss)',
    )
  }
  announceSealing(state)
  const audience = config.defaultAudience ?? config.issuerUrl
  if (config.allowedAudiences === undefined) {
    logger.info('any audience is allowed: --allowed-audience would limit them')
  } else if (!config.allowedAudiences.includes(audience)) {
    logger.warn(
      { audience },
      'the default audience is not an allowed one: a token must be asked for with an audience',
    )
  }
}

function announceIssuerUrls({ logger, opened, clock }: IssuerState): void {
  const announced = announcedIssuerUrl(opened.ring)
  if (announced !== undefined) {
    logger.info({ announced_issuer: announced }, 'discovery is served for the announced issuer URL, too')
  }
  const earlier = earlierIssuerUrls(opened.ring, clock())
  if (earlier.length > 0) {
    logger.info({ earlier_issuers: earlier }, 'the issuer moved: earlier URLs are served until their end')
  }
}

function announceSealing({ logger, stores: { sealing } }: IssuerState): void {
  const kid = sealingKey(sealing)?.id
  if (kid === undefined) {
    logger.warn('the store is not sealed: whoever can write it can add keys and secrets')
  } else if (sealing.mode === 'strict') {
    logger.info({ kid, opens_with: sealing.keys.map(({ id }) => id) }, 'the store is sealed')
  } else {
    logger.warn(
      { kid },
      'the store is sealed, and what is not sealed is taken over: whoever can write it can add keys and secrets until --sealing is strict',
    )
  }
}

function announceFirstKeys({ logger, opened, adoptedKeys }: IssuerState): void {
  const { kid, alg } = activeKey(opened.ring)
  if (opened.created && adoptedKeys.length > 0) {
    const keys = opened.ring.keys.map(({ kid, alg, state, origin }) => ({ kid, alg, state, origin }))
    logger.info({ keys }, 'the store was empty: adopted the keys of an existing cluster')
  } else if (opened.created) {
    logger.info({ kid, alg }, 'the store was empty: generated a first key')
  }
  for (const { path, kid, isExposed } of adoptedKeys) {
    if (isExposed)
      logger.warn({ path, kid }, 'others can read an adopted private key: rotate or revoke it soon')
  }
}

function isWildcard({ tokenListen }: IssuerConfig): boolean {
  return tokenListen.kind === 'tcp' && ['0.0.0.0', '::'].includes(tokenListen.host)
}
