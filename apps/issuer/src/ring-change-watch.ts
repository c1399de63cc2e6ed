import type { KeyStore } from '@workload-identity/core'
import type { LifecyclePart, PeriodicTask } from '@workload-identity/service'

/**
 * Reads the ring as soon as the store tells of a change, where a store can: a short cut for the loop that reads the ring
 * anyway, as a notice may be missed.
 */
export function createRingChangeWatch(
  keyStore: Pick<KeyStore, 'watch'>,
  ringRefresh: Pick<PeriodicTask, 'runSoon'>,
): LifecyclePart {
  let unwatch: (() => void) | undefined
  return {
    name: 'ring watch',
    start() {
      unwatch = keyStore.watch?.(() => ringRefresh.runSoon())
    },
    stop: () => unwatch?.(),
  }
}
