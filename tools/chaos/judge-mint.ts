import { isDark, isTroubled, type Outage } from './outages.ts'

/** A process that was asked: a replica by number, and how often it had been started before. */
export interface Replica {
  readonly index: number
  readonly starts: number
}

/** What is known of a sandbox; times in milliseconds of `performance.now()`. Absent = did not happen. */
export interface SandboxHistory {
  readonly sandboxId: string
  /** When its registration was sent for the first time. */
  readonly askedAt: number
  /** When its registration was confirmed. */
  liveAt?: number
  /** When its end was sent for the first time. */
  endAskedAt?: number
  /** Answers 503 to its end: it may have happened. */
  readonly endTried: { readonly replica: Replica; readonly at: number }[]
  /** When its end was confirmed, and by whom. */
  ended?: { readonly replica: Replica; readonly at: number }
  /** From the acceptance of a loss of the registry, which makes it unknown, until it was registered again. */
  readonly unknown: { readonly from: number; to?: number }[]
}

/** An answer to a request for a token. */
export interface MintAnswer {
  readonly replica: Replica
  readonly sentAt: number
  readonly answeredAt: number
  readonly status: number
  readonly hasRetryAfter: boolean
}

/** How long an ended sandbox may still get tokens from replicas that were not asked to end it (design.md §5), in milliseconds. */
export interface EndDelays {
  readonly onOthersMs: number
  readonly storeLagMs: number
}

/** What an answer is judged by. */
export interface Circumstances {
  readonly outages: readonly Outage[]
  readonly delays: EndDelays
}

/**
 * What is wrong with an answer; `undefined` when nothing is. Pure.
 *
 * @param sandbox whose secret was shown; `undefined` when nobody ever had it.
 */
export function judgeMint(
  answer: MintAnswer,
  sandbox: SandboxHistory | undefined,
  circumstances: Circumstances,
): string | undefined {
  switch (answer.status) {
    case 200:
      return sandbox === undefined
        ? 'a token for a secret that nobody has'
        : judgeToken(answer, sandbox, circumstances)
    case 403:
      return judgeRefusal(answer, sandbox, circumstances)
    case 503:
      return answer.hasRetryAfter ? undefined : 'a 503 without Retry-After'
    default:
      return `an answer of status ${answer.status}`
  }
}

function judgeToken(
  { replica, sentAt, answeredAt }: MintAnswer,
  { ended, endTried }: SandboxHistory,
  { outages, delays }: Circumstances,
): string | undefined {
  const span = (from: number) => ({ replica: replica.index, from, to: answeredAt })
  const tried = endTried.find((attempt) => isSame(attempt.replica, replica) && attempt.at <= sentAt)
  if (tried !== undefined && isDark(outages, span(tried.at))) {
    return 'a token from the replica that was asked to end the sandbox, while its store is away'
  }
  if (ended === undefined) return undefined
  const ageMs = sentAt - ended.at
  if (ageMs < 0) return undefined
  if (isSame(ended.replica, replica)) return `a token ${Math.round(ageMs)} ms after it ended the sandbox`
  const allowedMs = isTroubled(outages, { replica: replica.index, from: ended.at, to: sentAt })
    ? Math.max(delays.onOthersMs, delays.storeLagMs)
    : delays.onOthersMs
  return ageMs >= allowedMs
    ? `a token ${Math.round(ageMs)} ms after another replica ended the sandbox; ${allowedMs} ms are allowed`
    : undefined
}

function judgeRefusal(
  { replica, sentAt, answeredAt }: MintAnswer,
  sandbox: SandboxHistory | undefined,
  { outages }: Circumstances,
): string | undefined {
  if (isDark(outages, { replica: replica.index, from: sentAt, to: answeredAt })) {
    return 'a 403 by a replica that could not reach its store'
  }
  if (sandbox === undefined) return undefined
  const { liveAt, endAskedAt, unknown } = sandbox
  const isLive = liveAt !== undefined && liveAt <= sentAt && (endAskedAt ?? Infinity) > answeredAt
  const isUnknown = unknown.some(({ from, to }) => from <= answeredAt && (to ?? Infinity) >= sentAt)
  return isLive && !isUnknown ? 'a 403 for a live sandbox' : undefined
}

function isSame(one: Replica, other: Replica): boolean {
  return one.index === other.index && one.starts === other.starts
}
