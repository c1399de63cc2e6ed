import {
  addSeconds,
  formatMoment,
  nextKey,
  seconds,
  type ActivationHold,
  type Clock,
  type KeyEntry,
  type KeyRing,
  type RotationPolicy,
  type UnixSeconds,
} from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { KeySighting, VerifierFacts } from '@workload-identity/transport-http'
import type { Logger } from 'pino'

/** What {@link createKeySightings} needs. */
export interface KeySightingsDependencies {
  /** The verifiers that a next key waits for: what their user agent begins with, or their address. */
  readonly waitFor: readonly string[]
  readonly ring: () => KeyRing
  readonly policy: Pick<RotationPolicy, 'publishAhead'>
  readonly clock: Clock
  readonly logger: Logger
  /** Between two looks whether a promotion is late. */
  readonly everyMs: number
}

/** Who has fetched a key set of this process that holds the next key. */
export interface KeySightings {
  /** Looks whether a promotion waits, for the log. */
  readonly task: PeriodicTask
  /** Notes that a verifier was given the key set. */
  record(verifier: VerifierFacts): void
  /** Who has seen the next key, in the order of the first time; nobody when none waits. */
  list(): readonly KeySighting[]
  /** What the next key waits for: verifiers that were named and have not seen it, for at most 7 days. */
  holds(): readonly ActivationHold[]
  /** That a promotion is due and waits for verifiers, in one sentence. */
  findProblem(): string | undefined
}

/** How many verifiers are noted; those that come later are not, whoever sends made-up user agents. */
const MAX_SIGHTINGS = 1000

const MAX_USER_AGENT_LENGTH = 200

/** How long a promotion waits for verifiers after it was due. */
const MAX_WAIT = seconds(7 * 86_400)

/**
 * Notes who has seen the next key. It is advice: anybody can name himself as he likes, each process notes its own, a restart
 * forgets, and nothing of it ever makes a key sign earlier.
 */
export function createKeySightings(dependencies: KeySightingsDependencies): KeySightings {
  const { waitFor, ring, policy, clock, logger } = dependencies
  let kid: string | undefined
  let seen = new Map<string, KeySighting>()
  /** The names that have seen it: apart from `seen`, so that nobody holds a key by filling that up. */
  let met = new Set<string>()
  let told: string | undefined

  /** The next key, of which alone the sightings are kept. */
  const follow = (): KeyEntry | undefined => {
    const next = nextKey(ring())
    if (next?.kid !== kid) {
      kid = next?.kid
      seen = new Map()
      met = new Set()
    }
    return next
  }
  const describeWait = () => {
    const next = follow()
    const missing = next === undefined ? [] : waitFor.filter((name) => !met.has(name))
    if (next === undefined || missing.length === 0) return undefined
    const dueAt = addSeconds(next.published_at, policy.publishAhead)
    return { next, dueAt, until: addSeconds(dueAt, MAX_WAIT), names: missing.join(', ') }
  }
  const findProblem = () => {
    const wait = describeWait()
    if (wait === undefined || clock() < wait.dueAt) return undefined
    return `promotion: key ${wait.next.kid} waits for ${wait.names}, until ${formatMoment(wait.until)} at the latest`
  }
  return {
    task: createPeriodicTask({
      async run() {
        const problem = findProblem()
        if (problem !== undefined && problem !== told) logger.error(problem)
        told = problem
      },
      everyMs: dependencies.everyMs,
    }),
    record(verifier) {
      if (follow() === undefined) return
      const { userAgent, address } = verifier
      for (const each of waitFor) if (userAgent.startsWith(each) || address === each) met.add(each)
      const user_agent = userAgent.slice(0, MAX_USER_AGENT_LENGTH)
      const name = JSON.stringify([user_agent, address])
      const known = seen.get(name)
      if (known === undefined && seen.size >= MAX_SIGHTINGS) return
      const now: UnixSeconds = clock()
      seen.set(name, { user_agent, address, first_seen_at: known?.first_seen_at ?? now, last_seen_at: now })
    },
    list() {
      follow()
      return [...seen.values()]
    },
    holds() {
      const wait = describeWait()
      if (wait === undefined) return []
      const because = `${wait.names} has not fetched a key set with the next key here, for which the issuer waits 7 days at most`
      return [{ kid: wait.next.kid, until: wait.until, because }]
    },
    findProblem,
  }
}
