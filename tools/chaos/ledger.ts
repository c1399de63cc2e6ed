import { createKnownKeys, type PublishedKeys } from './judge-keys.ts'
import { judgeMint, type EndDelays, type MintAnswer, type SandboxHistory } from './judge-mint.ts'
import type { Outage } from './outages.ts'
import { createCounts, type Counts } from './report.ts'

/** A token that was issued, and when it ends in seconds since 1970. */
export interface IssuedToken {
  readonly token: string
  readonly kid: string
  readonly exp: number
  readonly mintedBy: number
}

/** The book of one scenario: what happened, what it is judged by, and what was wrong. */
export interface Ledger {
  /** Where counts go from now on; one row for each name. */
  openRow(name: string): Counts
  /** The row of this moment. */
  row(): Counts
  rows(): readonly Counts[]
  /** Begins an outage; whoever calls it tells when it got dark, was lifted and healed. */
  beginOutage(replicas: readonly number[]): Outage
  /** Counts and judges an answer to a request for a token. */
  answered(answer: MintAnswer, sandbox: SandboxHistory | undefined): void
  /** Takes a token into the book, from now on to be verified until it ends. */
  issued(token: IssuedToken): void
  tokens: readonly IssuedToken[]
  /** Judges a JWKS. */
  published(keys: PublishedKeys): void
  /** Notes something that must not happen. */
  violation(text: string): void
  readonly violations: readonly string[]
  /** How many different keys were seen. */
  keyCount(): number
}

/** Opens an empty book. `onViolation` is told of each at once. */
export function createLedger(delays: EndDelays, onViolation: (text: string) => void): Ledger {
  const rows = new Map<string, Counts>()
  const outages: Outage[] = []
  const tokens: IssuedToken[] = []
  const violations: string[] = []
  const keys = createKnownKeys(delays.onOthersMs)
  const beganAt = performance.now()
  let current = createCounts('start')
  const openRow = (name: string) => {
    current = rows.get(name) ?? createCounts(name)
    rows.set(name, current)
    return current
  }
  const violation = (text: string) => {
    const told = `${((performance.now() - beganAt) / 1000).toFixed(2)} s, ${current.name}: ${text}`
    violations.push(told)
    current.violations += 1
    onViolation(told)
  }
  return {
    openRow,
    row: () => current,
    rows: () => [...rows.values()],
    beginOutage(replicas) {
      const outage: Outage = { replicas, from: performance.now() }
      outages.push(outage)
      return outage
    },
    answered(answer, sandbox) {
      const { status, sentAt, answeredAt, replica } = answer
      if (status === 200) current.minted += 1
      if (status === 403) current.refused += 1
      if (status === 503) current.unavailable += 1
      current.slowestMs = Math.max(current.slowestMs, answeredAt - sentAt)
      const problem = judgeMint(answer, sandbox, { outages, delays })
      if (problem === undefined) return
      const whose = sandbox === undefined ? 'an unknown secret' : describeSandbox(sandbox, sentAt)
      violation(
        `${problem}; replica ${replica.index} (start ${replica.starts}), ${whose}, answered within ${Math.round(answeredAt - sentAt)} ms, ${describeOutages(outages, sentAt)}`,
      )
    },
    issued(token) {
      tokens.push(token)
      keys.add(token.kid, performance.now())
    },
    tokens,
    published(published) {
      current.looks += 1
      for (const problem of keys.judge(published, outages)) {
        violation(`${problem} by replica ${published.replica}`)
      }
    },
    violation,
    violations,
    keyCount: keys.count,
  }
}

/** What is known of a sandbox, seen from the moment of a request, for the text of a violation. */
function describeSandbox(sandbox: SandboxHistory, at: number): string {
  const since = (time: number | undefined) => (time === undefined ? '–' : `${Math.round(at - time)} ms ago`)
  const tried = sandbox.endTried.map((attempt) => `${since(attempt.at)} at replica ${attempt.replica.index}`)
  const unknown = sandbox.unknown.map(({ from, to }) => `${since(from)} until ${since(to)}`)
  const facts = [
    `registered ${since(sandbox.liveAt)}`,
    `end asked ${since(sandbox.endAskedAt)}`,
    `end tried ${tried.join(', ') || '–'}`,
    `ended ${since(sandbox.ended?.at)} by replica ${sandbox.ended?.replica.index ?? '–'}`,
    `unknown ${unknown.join(', ') || '–'}`,
  ]
  return `sandbox ${sandbox.sandboxId} (${facts.join('; ')})`
}

function describeOutages(outages: readonly Outage[], at: number): string {
  const latest = outages.at(-1)
  if (latest === undefined) return 'no fault yet'
  const since = (time: number | undefined) => (time === undefined ? '–' : `${Math.round(at - time)} ms ago`)
  return `last fault ${since(latest.from)} at replicas ${latest.replicas.join(' ')}, lifted ${since(latest.liftedAt)}, healed ${since(latest.healedAt)}`
}
