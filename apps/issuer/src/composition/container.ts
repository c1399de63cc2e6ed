import { createFollowedKeyRing } from '@workload-identity/core'
import { createLifecycle, createPeriodicTask } from '@workload-identity/service'
import { instanceCachingFactory, container as rootContainer, type DependencyContainer } from 'tsyringe'
import { createAdoptionReminder } from '../adoption-reminder.ts'
import type { IssuerConfig } from '../config.ts'
import { createExpirySweep } from '../expiry-sweep.ts'
import { createHealthChecks } from '../health.ts'
import { createIssuerListeners } from '../issuer-listeners.ts'
import { createMetrics } from '../metrics.ts'
import { observeStore } from '../observe-store.ts'
import { createPublishedKeysLog } from '../published-keys-log.ts'
import { createRingChangeWatch } from '../ring-change-watch.ts'
import { createRingRefreshLoop } from '../ring-refresh-loop.ts'
import { findRotationProblem } from '../rotation-loop.ts'
import { createSealingTask } from '../sealing-task.ts'
import type { IssuerState } from './open-state.ts'
import { createLifecycleParts } from './lifecycle-parts.ts'
import type { Get, Provide } from './provide.ts'
import { provideRegistries } from './registries.ts'
import { findHolds, provideRotation } from './rotation.ts'
import { provideRunners } from './runners.ts'
import { createServerFactory } from './servers.ts'
import * as tokens from './tokens.ts'
import { provideUseCases } from './use-cases.ts'

/** Pauses between what is done again and again, in milliseconds. */
const usualPauses = {
  refreshRing: 4_000,
  refreshSharedRing: 1_500,
  rotateKeys: 10_000,
  readPublishedCopy: 60_000,
  lookAtSightings: 60_000,
  lookAtPublishedKeys: 1_000,
  eraseReplaced: 60_000,
  sealAnew: 300_000,
  sweepExpired: 300_000,
  lookAtAdminTokens: 1_000,
  lookAtTlsFiles: 5_000,
  remindOfAdoption: 86_400_000,
}

type Pauses = typeof usualPauses

/** How long requests in flight may go on after a signal, and how long each part may take to stop. */
// Below the 10 s that most supervisors grant between SIGTERM and SIGKILL.
const DRAIN_MS = 8_000
const STOP_TIMEOUT_MS = 12_000

/**
 * Wires an issuer: a container of its own, in which every role of `tokens.ts` is played by one object, made when it is
 * first asked for. What has to be opened first, and can fail, is in `state`.
 *
 * @param otherPauses pauses that differ from the usual ones, in milliseconds.
 */
export function createContainer(
  config: IssuerConfig,
  state: IssuerState,
  otherPauses: Partial<Pauses> = {},
): DependencyContainer {
  const pauses = { ...usualPauses, ...otherPauses }
  const container = rootContainer.createChildContainer()
  const provide: Provide = (token, make) => {
    container.register(token, { useFactory: instanceCachingFactory(make) })
  }
  const get: Get = (token) => container.resolve(token)

  provide(tokens.CONFIG, () => config)
  provide(tokens.LOGGER, () => state.logger)
  provide(tokens.CLOCK, () => state.clock)
  provide(tokens.ADMIN_TOKENS, () => state.adminTokens)
  provide(tokens.AUDIT_LOG, () => state.auditLog)
  provideStores(provide, get, state)
  provideRegistries(provide, get, state)
  provideUseCases(provide, get)
  provideRunners(provide, get)
  provideRotation(provide, get, state, pauses)
  provideProcess(provide, get, { state, pauses })
  return container
}

function provideStores(provide: Provide, get: Get, { stores, opened }: IssuerState): void {
  const countFailure = (error: unknown) => get(tokens.METRICS).recordStoreError(error)
  provide(tokens.KEY_STORE, () => observeStore(get(tokens.REPLACED_RINGS).keyStore, countFailure))
  provide(tokens.REGISTRY_IDENTITY, () => observeStore(stores.registryIdentity, countFailure))
  provide(tokens.KEY_RING, () =>
    createFollowedKeyRing(
      {
        keyStore: get(tokens.KEY_STORE),
        clock: get(tokens.CLOCK),
        storeLag: get(tokens.CONFIG).rotation.storeLag,
        keepRetired: get(tokens.CONFIG).rotation.keepRetired,
        issuerUrl: get(tokens.CONFIG).issuerUrl,
      },
      opened,
    ),
  )
}

function provideProcess(
  provide: Provide,
  get: Get,
  { state, pauses }: { readonly state: IssuerState; readonly pauses: Pauses },
): void {
  const { adoptKeys: folder } = get(tokens.CONFIG)
  const adoption =
    folder === undefined
      ? undefined
      : createAdoptionReminder({ folder, logger: state.logger, everyMs: pauses.remindOfAdoption })
  provide(tokens.METRICS, () =>
    createMetrics({
      ...(adoption !== undefined && { countAdoptedFiles: () => adoption.countFiles() }),
      keyRing: get(tokens.KEY_RING),
      rotation: () => get(tokens.ROTATION_LOOP).state(),
      isErasurePending: () => get(tokens.REPLACED_RINGS).isPending(),
      isCopyWrong: () => get(tokens.PUBLISHED_COPY).findProblem() !== undefined,
      isPromotionHeld: () => get(tokens.KEY_SIGHTINGS).findProblem() !== undefined,
      clockAheadBy: () => get(tokens.LEAP_WATCH).aheadBy(),
      sealing: { ...state.stores.sealing, recordsLeft: () => get(tokens.SEALING_TASK).recordsLeft() },
      auditLog: get(tokens.AUDIT_LOG),
      clock: get(tokens.CLOCK),
    }),
  )
  provide(tokens.HEALTH, () =>
    createHealthChecks({
      keyRing: get(tokens.KEY_RING),
      registry: get(tokens.REGISTRY_IDENTITY),
      findRotationProblem() {
        const { storeLag } = get(tokens.CONFIG).rotation
        return findRotationProblem(get(tokens.ROTATION_LOOP).state(), get(tokens.CLOCK)(), storeLag)
      },
      findWarnings: () =>
        [tokens.PUBLISHED_COPY, tokens.KEY_SIGHTINGS, tokens.LEAP_WATCH].map((source) =>
          get<{ findProblem(): string | undefined }>(source).findProblem(),
        ),
    }),
  )
  provide(tokens.SEALING_TASK, () =>
    createSealingTask({
      stores: state.stores,
      clock: get(tokens.CLOCK),
      logger: get(tokens.LOGGER),
      everyMs: pauses.sealAnew,
    }),
  )
  provide(tokens.LISTENERS, () =>
    createIssuerListeners({
      config: get(tokens.CONFIG),
      createServers: createServerFactory({
        config: get(tokens.CONFIG),
        logger: get(tokens.LOGGER),
        clock: get(tokens.CLOCK),
        issuer: get(tokens.ISSUER),
        keyRing: get(tokens.KEY_RING),
        publishKeys: get(tokens.PUBLISH_KEYS),
        sandboxes: get(tokens.SANDBOXES),
        sandboxTokens: get(tokens.SANDBOX_TOKENS),
        registerSandbox: get(tokens.REGISTER_SANDBOX),
        registerSandboxes: get(tokens.REGISTER_SANDBOXES),
        changeSandbox: get(tokens.CHANGE_SANDBOX),
        renewSandboxSecret: get(tokens.RENEW_SANDBOX_SECRET),
        vouchToken: get(tokens.VOUCH_TOKEN),
        runnerServices: get(tokens.RUNNER_SERVICES),
        acceptRegistryLoss: get(tokens.ACCEPT_REGISTRY_LOSS),
        rotateByHand: get(tokens.ROTATE_BY_HAND),
        revokeKey: get(tokens.REVOKE_KEY),
        removeKey: get(tokens.REMOVE_KEY),
        holds: () => findHolds(get),
        sightings: get(tokens.KEY_SIGHTINGS),
        adminTokens: get(tokens.ADMIN_TOKENS),
        auditLog: get(tokens.AUDIT_LOG),
        health: get(tokens.HEALTH),
        metrics: get(tokens.METRICS),
      }),
      logger: get(tokens.LOGGER),
      drainMs: DRAIN_MS,
      tlsIntervalMs: pauses.lookAtTlsFiles,
    }),
  )
  provide(tokens.RING_REFRESH, () =>
    createRingRefreshLoop({
      keyRing: get(tokens.KEY_RING),
      logger: get(tokens.LOGGER),
      onRepaired: (repair) => get(tokens.METRICS).recordRingRepair(repair),
      everyMs: state.stores.isShared ? pauses.refreshSharedRing : pauses.refreshRing,
    }),
  )
  provide(tokens.PERIODIC_TASKS, () => {
    const [logger, adminTokens] = [get(tokens.LOGGER), get(tokens.ADMIN_TOKENS)]
    return [
      get(tokens.RING_REFRESH),
      get(tokens.ROTATION_LOOP),
      createPublishedKeysLog({
        ring: () => get(tokens.KEY_RING).ring(),
        clock: get(tokens.CLOCK),
        logger,
        everyMs: pauses.lookAtPublishedKeys,
      }),
      ...[get(tokens.PUBLISHED_COPY).task].filter((task) => task !== undefined),
      get(tokens.KEY_SIGHTINGS).task,
      get(tokens.REPLACED_RINGS).task,
      get(tokens.SEALING_TASK),
      createPeriodicTask({ run: async () => adminTokens.refresh(), everyMs: pauses.lookAtAdminTokens }),
      createExpirySweep({
        sandboxes: get(tokens.SANDBOXES),
        ended: get(tokens.ENDED_ASSIGNMENTS),
        clock: get(tokens.CLOCK),
        logger,
        everyMs: pauses.sweepExpired,
      }),
      ...(adoption === undefined ? [] : [adoption]),
    ]
  })
  provide(tokens.LIFECYCLE, () =>
    createLifecycle(
      createLifecycleParts({
        config: get(tokens.CONFIG),
        state,
        listeners: get(tokens.LISTENERS),
        periodicTasks: get(tokens.PERIODIC_TASKS),
        ringWatch: createRingChangeWatch(get(tokens.KEY_STORE), get(tokens.RING_REFRESH)),
      }),
      STOP_TIMEOUT_MS,
    ),
  )
}
