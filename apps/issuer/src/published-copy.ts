import {
  activeKey,
  addSeconds,
  formatMoment,
  isTombstone,
  nextKey,
  oldSetsGoneAt,
  publishedKeys,
  seconds,
  type ActivationHold,
  type Clock,
  type KeyRing,
  type RotationPolicy,
  type UnixSeconds,
} from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'
import type { PublishedCopyReading } from './fetch-published-copy.ts'

/** What {@link createPublishedCopy} needs. */
export interface PublishedCopyDependencies {
  readonly url: string
  readonly issuerUrl: string
  /** Reads the copy; see `fetchPublishedCopy`. */
  readonly read: () => Promise<PublishedCopyReading>
  readonly ring: () => KeyRing
  readonly policy: RotationPolicy
  readonly clock: Clock
  readonly logger: Logger
  /** Between two readings. */
  readonly everyMs: number
}

/** A copy of the published documents elsewhere, as it was seen last. */
export interface PublishedCopy {
  /** Reads it again and again; absent when there is no copy. */
  readonly task?: PeriodicTask
  /** What the next key waits for: that whoever has an older copy has used it up. */
  holds(): readonly ActivationHold[]
  /** What is wrong with the copy, in one sentence. A copy may be behind for `jwksMaxAge`. */
  findProblem(): string | undefined
}

/** How much longer a next key waits each time that the copy is found to be wrong. */
const RECONSIDERED_AFTER = seconds(60)

/** Verifiers ask the issuer itself: nothing waits for a copy. */
export function createNoPublishedCopy(): PublishedCopy {
  return { holds: () => [], findProblem: () => undefined }
}

/** A problem, and whether it is one at once or only when it stays. */
interface CopyProblem {
  readonly sentence: string
  readonly isUrgent: boolean
}

/**
 * Watches the copy of the published documents. A next key waits until the copy has held it for as long as caches may keep
 * an older one, reckoned from the reading that first saw it; a restart reckons anew. So a copy that is behind, or cannot
 * be read, makes a rotation late and never early, and is told in the log and by `findProblem` all the while.
 */
export function createPublishedCopy(dependencies: PublishedCopyDependencies): PublishedCopy {
  const { url, issuerUrl, read, ring, policy, clock, logger } = dependencies
  let seen: { readonly kid: string; readonly since: UnixSeconds } | undefined
  let problem: (CopyProblem & { readonly since: UnixSeconds }) | undefined
  let told: string | undefined

  const findProblem = () => {
    if (problem === undefined) return undefined
    const { sentence, isUrgent, since } = problem
    // A clock that was put back since must not hide it.
    const isPatient = !isUrgent && Math.abs(clock() - since) < policy.jwksMaxAge
    return isPatient ? undefined : `published_copy: ${sentence}`
  }
  const look = async (): Promise<CopyProblem | undefined> => {
    let reading: PublishedCopyReading
    try {
      reading = await read()
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'it cannot be read'
      return { sentence: `${reason}; the keys do not rotate without it`, isUrgent: false }
    }
    const next = nextKey(ring())?.kid
    const holdsNext = reading.issuer === issuerUrl && next !== undefined && reading.kids.has(next)
    if (!holdsNext) seen = undefined
    else if (seen?.kid !== next) {
      seen = { kid: next, since: clock() }
      logger.info({ kid: next, url }, 'the published copy holds the next key')
    }
    return judgeCopy(reading, issuerUrl, ring(), clock())
  }
  const run = async () => {
    const found = await look()
    problem = found && { ...found, since: problem?.since ?? clock() }
    const sentence = findProblem()
    if (sentence !== undefined && sentence !== told) logger.error({ url }, sentence)
    if (sentence === undefined && told !== undefined)
      logger.info({ url }, 'the published copy is right again')
    told = sentence
  }
  const task = createPeriodicTask({ run, everyMs: dependencies.everyMs })
  return {
    task: {
      ...task,
      start() {
        task.start()
        task.runSoon()
      },
    },
    holds() {
      const next = nextKey(ring())
      if (next === undefined) return []
      if (seen?.kid !== next.kid) {
        const because = `the copy at ${url} was not seen with the next key yet, and verifiers need it for a while before the key may sign`
        return [{ kid: next.kid, until: oldSetsGoneAt(policy, clock()), because }]
      }
      const wrong = findProblem()
      const usedUpAt = oldSetsGoneAt(policy, seen.since)
      if (wrong !== undefined) {
        const until = addSeconds(clock(), RECONSIDERED_AFTER)
        return [{ kid: next.kid, until: until > usedUpAt ? until : usedUpAt, because: wrong }]
      }
      const because = `the copy at ${url} was first seen with the next key at ${formatMoment(seen.since)}, and verifiers may keep an older one for a while`
      return [{ kid: next.kid, until: usedUpAt, because }]
    },
    findProblem,
  }
}

/** What is wrong with a copy at `now`, the worst first. Pure. */
function judgeCopy(
  { issuer, kids }: PublishedCopyReading,
  issuerUrl: string,
  ring: KeyRing,
  now: UnixSeconds,
): CopyProblem | undefined {
  if (issuer !== issuerUrl) return { sentence: `the copy is not that of ${issuerUrl}`, isUrgent: true }
  const { kid } = activeKey(ring)
  if (!kids.has(kid)) {
    const sentence = `the copy lacks key ${kid}, which signs: verifiers refuse its tokens; publish the keys now`
    return { sentence, isUrgent: true }
  }
  const revoked = ring.history.find((entry) => isTombstone(entry) && kids.has(entry.kid))
  if (revoked !== undefined) {
    const sentence = `the copy holds key ${revoked.kid}, which was revoked; publish the keys now`
    return { sentence, isUrgent: true }
  }
  const missing = publishedKeys(ring, now).find((key) => !kids.has(key.kid))
  if (missing === undefined) return undefined
  const waits = missing.state === 'next' ? ', which waits to sign until it is there' : ''
  return { sentence: `the copy is stale: it lacks key ${missing.kid}${waits}`, isUrgent: false }
}
