import { IssuerError } from '@workload-identity/core'
import type { StartTimer } from './start-timer.ts'

/** The longest wait after a failure: an issuer that is back is noticed within it. */
const LONGEST_RETRY_MS = 5000
const FIRST_RETRY_MS = 500
const JITTER = 0.2

/** What {@link createAssignmentPoll} needs. */
export interface AssignmentPollOptions {
  /** Asks the issuer and takes its answer over; `askedAtMs` is the moment of the question. Throws when it has none. */
  readonly ask: (askedAtMs: number) => Promise<void>
  readonly pollEveryMs: number
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
   * Resolves with the next answer: that of the question under way, else of one that is asked as soon as the least time
   * between two of them allows. Whoever waits shares it.
   *
   * @throws what `ask` throws; {@link IssuerError} `ERR_ISSUER_UNAVAILABLE` when it does not run.
   */
  nextAnswer(): Promise<void>
  /** How many questions were asked so far. */
  asked(): number
  /** Which of them, counted from 1, was the last that was answered; 0 = none. */
  lastAnswered(): number
}

/** Makes an {@link AssignmentPoll}. It starts with a question, and asks at the latest 5 s after one that failed. */
export function createAssignmentPoll(options: AssignmentPollOptions): AssignmentPoll {
  const { ask, pollEveryMs, refreshAtMostEveryMs, nowMs, random, startTimer } = options
  let isRunning = false
  let failures = 0
  let lastAskedMs = -Infinity
  let asked = 0
  let lastAnswered = 0
  let underWay: Promise<void> | undefined
  let awaited: PromiseWithResolvers<void> | undefined
  let cancelTimer = () => {}
  let dueMs = Infinity

  const schedule = (delayMs: number) => {
    cancelTimer()
    dueMs = nowMs() + delayMs
    cancelTimer = startTimer(run, delayMs)
  }

  const once = async () => {
    const askedAtMs = nowMs()
    lastAskedMs = askedAtMs
    asked += 1
    try {
      await ask(askedAtMs)
      failures = 0
      // One question at a time: this is the last one.
      lastAnswered = asked
    } catch (error) {
      failures += 1
      throw error
    } finally {
      underWay = undefined
      if (isRunning) schedule(nextDelayMs(failures, pollEveryMs, random))
    }
  }

  const run = () => {
    dueMs = Infinity
    const answer = once()
    underWay = answer
    // Those who wait for the answer get the error; when nobody does, `ask` has told of it.
    answer.catch(() => {})
    const waiting = awaited
    awaited = undefined
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
      await underWay?.catch(() => {})
    },
    async nextAnswer() {
      if (!isRunning) throw stopped()
      if (underWay !== undefined) return underWay
      if (awaited === undefined) {
        awaited = Promise.withResolvers()
        const soonestMs = Math.max(0, lastAskedMs + refreshAtMostEveryMs - nowMs())
        if (nowMs() + soonestMs < dueMs) schedule(soonestMs)
      }
      return awaited.promise
    },
    asked: () => asked,
    lastAnswered: () => lastAnswered,
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
