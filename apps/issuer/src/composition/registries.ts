import {
  cacheRunners,
  cacheSandboxes,
  createListAssignments,
  noteEndedAssignments,
  seconds,
  type RunnerRegistry,
  type SandboxRegistry,
} from '@workload-identity/core'
import { observeStore } from '../observe-store.ts'
import type { IssuerState } from './open-state.ts'
import type { Get, Provide } from './provide.ts'
import * as tokens from './tokens.ts'

/** Of records in a store that other replicas change, too: how soon a change there counts here, and how much is kept. */
const sandboxCache = { trustedFor: seconds(2), maxBytes: 64 * 1024 * 1024 }
const runnerCache = { trustedFor: seconds(2), maxBytes: 16 * 1024 * 1024 }

/**
 * Of lists of assignments. What is changed through this process counts at once; what another one changed does after
 * `trustedFor`, or after the longer time in a store on this machine, which its only issuer would else read all day.
 */
const assignmentLists = {
  trustedFor: seconds(2),
  trustedForEmbedded: seconds(8),
  maxRemembered: 200_000,
}

/** Provides the registries of sandboxes and runners, and what is remembered of them. */
export function provideRegistries(provide: Provide, get: Get, { stores }: IssuerState): void {
  const countFailure = (error: unknown) => get(tokens.METRICS).recordStoreError(error)
  const registryId = () => get(tokens.KEY_RING).ring().registry_id
  provide(tokens.ENDED_ASSIGNMENTS, () => observeStore(stores.endedAssignments, countFailure))
  provide(tokens.CACHED_SANDBOXES, () => {
    const noted: SandboxRegistry = noteEndedAssignments({
      sandboxes: observeStore(stores.createSandboxRegistry(registryId), countFailure),
      ended: get(tokens.ENDED_ASSIGNMENTS),
      onChanged: (runnerId) => get(tokens.ASSIGNMENT_LISTS).noteChange(runnerId),
    })
    if (!stores.isShared) {
      return { sandboxes: noted, findLiveById: (id, now) => noted.findById(id, now), size: () => 0 }
    }
    const { storeLag } = get(tokens.CONFIG).rotation
    return cacheSandboxes({
      ...sandboxCache,
      storeLag,
      sandboxes: noted,
      onFound: (from) => get(tokens.METRICS).recordSandboxFound(from),
    })
  })
  provide(tokens.SANDBOXES, () => get(tokens.CACHED_SANDBOXES).sandboxes)
  provide(tokens.STORED_RUNNERS, () => observeStore(stores.createRunnerRegistry(registryId), countFailure))
  provide(tokens.CACHED_RUNNERS, () => {
    const runners: RunnerRegistry = get(tokens.STORED_RUNNERS)
    if (!stores.isShared) return { runners, size: () => 0 }
    const { storeLag } = get(tokens.CONFIG).rotation
    return cacheRunners({ ...runnerCache, storeLag, runners })
  })
  // Whoever administers asks the store. Changes pass through the memory, so that they count here at once.
  provide(tokens.RUNNERS, () => ({
    ...get(tokens.CACHED_RUNNERS).runners,
    findById: (id, now) => get(tokens.STORED_RUNNERS).findById(id, now),
  }))
  provide(tokens.ASSIGNMENT_LISTS, () =>
    createListAssignments({
      sandboxes: get(tokens.SANDBOXES),
      ended: get(tokens.ENDED_ASSIGNMENTS),
      registryId,
      clock: get(tokens.CLOCK),
      trustedFor: stores.isShared ? assignmentLists.trustedFor : assignmentLists.trustedForEmbedded,
      maxRemembered: assignmentLists.maxRemembered,
    }),
  )
}
