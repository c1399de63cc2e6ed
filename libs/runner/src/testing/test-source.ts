import type { Assignment, AssignmentList } from '@workload-identity/api'
import type { Clock } from '@workload-identity/core'
import type { TokenFileSource } from '../token-files/keeper-options.ts'
import { createTokenPress } from './token-press.ts'

/** A source of assignments and tokens that does as it is told. */
export interface TestSource extends TokenFileSource {
  /** Confirms a list: what is not given is empty, or as it always is. */
  publish(
    sandboxes: readonly (Partial<Assignment> & { sandbox_id: string })[],
    rest?: Partial<AssignmentList>,
  ): void
  /** Has every mint fail with that error from now on, or none when it is absent. */
  failWith(error: Error | undefined): void
  /** Calls upstream: tokens that are asked for at the same moment go together, at most 100 of them. */
  calls(): number
  /** Tokens that were asked for, failed ones included. */
  asked(): number
}

/** Makes a {@link TestSource} that has published nothing. */
export function createTestSource(clock: Clock): TestSource {
  const press = createTokenPress(clock)
  const listeners = new Set<(list: AssignmentList) => void>()
  const apps = new Map<string, string>()
  let failure: Error | undefined
  let calls = 0
  let asked = 0
  let together = 0
  return {
    onAssignments(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async mint(sandboxId, options) {
      if (together === 0) setImmediate(() => (together = 0))
      if (together % 100 === 0) calls += 1
      together += 1
      asked += 1
      if (failure !== undefined) throw failure
      return press({ sandbox_id: sandboxId, app: apps.get(sandboxId) ?? 'shop', ...options })
    },
    publish(sandboxes, rest = {}) {
      const all = sandboxes.map((sandbox) => ({ app: 'shop', secrets: [], ...sandbox }))
      for (const { sandbox_id, app } of all) apps.set(sandbox_id, app)
      const list = { runner_id: 'r1', registry_id: 'registry-1', sandboxes: all, ended: [], ...rest }
      for (const listener of listeners) listener(list)
    },
    failWith(error) {
      failure = error
    },
    calls: () => calls,
    asked: () => asked,
  }
}
