import { IssuerError } from '@workload-identity/core'
import type { StartTimer } from './start-timer.ts'

/** The longest wait after a failure: an issuer that is back is noticed within it. */
const LONGEST_RETRY_MS = 5000
const FIRST_RETRY_MS = 500
const JITTER = 0.2

/** What {@link createAssignmentPoll} needs. */
export interface AssignmentPollOptions {
  /**
   * Asks the issuer and takes its answer over; `askedAtMs` is the moment of the question, and a fresh answer is one that
   * the issuer does not give from memory. Throws when it has none.
   */
  readonly ask: (askedAtMs: number, isFresh: boolean) => Promise<void>
  readonly pollEveryMs: number
  /** The least time between two questions for fresh answers. */
  readonly refreshAtMostEveryMs: number
  /** Milliseconds that never go back. */
  readonly nowMs: () => number
  readonly random: () => number
  readonly startTimer: StartTimer
}

/** Asks again and again, one question at a time. */
export interface AssignmentPoll {
  start(): void
  /** Ends it, and resolves when nothing is under way. */
  stop(): Promise<void>
  /**
   * Resolves with a fresh answer: that of such a question under way, else of one that is asked as soon as the least time
   * between two of them allows. Whoever waits shares it.
   *
   * @throws what `ask` throws; {@link IssuerError} `ERR_ISSUER_UNAVAILABLE` when it does not run.
   */
  freshAnswer(): Promise<void>
  /** How many questions were asked so far. */
  asked(): number
  /** Which of them, counted from 1, was the last with a fresh answer; 0 = none. */
  lastFreshAnswered(): number
}

/** Makes an {@link AssignmentPoll}. It starts with a question, and asks at the latest 5 s after one that failed. */
export function createAssignmentPoll(options: AssignmentPollOptions): AssignmentPoll {
  const { ask, pollEveryMs, refreshAtMostEveryMs, nowMs, random, startTimer } = options
  let isRunning = false
  let failures = 0
  let lastRefreshedMs = -Infinity
  let asked = 0
  let lastFreshAnswered = 0
  let underWay: { readonly answer: Promise<void>; readonly isFresh: boolean } | undefined
  let awaited: PromiseWithResolvers<void> | undefined
  let cancelTimer = () => {}
  let dueMs = Infinity

  const schedule = (delayMs: number) => {
    cancelTimer()
    dueMs = nowMs() + delayMs
    cancelTimer = startTimer(run, delayMs)
  }

  const scheduleFresh = () => {
    const soonestMs = Math.max(0, lastRefreshedMs + refreshAtMostEveryMs - nowMs())
    if (nowMs() + soonestMs < dueMs) schedule(soonestMs)
  }

  const once = async (isFresh: boolean) => {
    const askedAtMs = nowMs()
    if (isFresh) lastRefreshedMs = askedAtMs
    asked += 1
    try {
      await ask(askedAtMs, isFresh)
      failures = 0
      // One question at a time: this is the last one.
      if (isFresh) lastFreshAnswered = asked
    } catch (error) {
      failures += 1
      throw error
    } finally {
      underWay = undefined
      if (isRunning) schedule(nextDelayMs(failures, pollEveryMs, random))
      if (isRunning && awaited !== undefined) scheduleFresh()
    }
  }

  const run = () => {
    dueMs = Infinity
    const waiting = awaited
    awaited = undefined
    const isFresh = waiting !== undefined
    const answer = once(isFresh)
    underWay = { answer, isFresh }
    // Those who wait for the answer get the error; when nobody does, `ask` has told of it.
    answer.catch(() => {})
    if (waiting !== undefined) answer.then(waiting.resolve, waiting.reject)
  }

  return {
    start() {
      if (isRunning) return
      isRunning = true
      if (underWay === undefined) run()
    },
    async stop() {
      isRunning = false
      cancelTimer()
      awaited?.reject(stopped())
      awaited = undefined
      await underWay?.answer.catch(() => {})
    },
    async freshAnswer() {
      if (!isRunning) throw stopped()
      if (underWay?.isFresh === true) return underWay.answer
      if (awaited === undefined) {
        awaited = Promise.withResolvers()
        if (underWay === undefined) scheduleFresh()
      }
      return awaited.promise
    },
    asked: () => asked,
    lastFreshAnswered: () => lastFreshAnswered,
  }
}

/** The wait before the next question, after so many failures in a row: jittered, and short while the issuer is away. */
export function nextDelayMs(failures: number, pollEveryMs: number, random: () => number): number {
  const spread = 1 - JITTER + 2 * JITTER * random()
  if (failures === 0) return pollEveryMs * spread
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1) * spread)
}

function stopped(): IssuerError {
  return new IssuerError('ERR_ISSUER_UNAVAILABLE', 'this proxy does not ask the issuer now')
}
