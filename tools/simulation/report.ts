import type { PolicyRuleName } from '@workload-identity/core'
import type { BrokenRule, Proof, ProofSize } from './proof.ts'
import type { Tally } from './simulate.ts'

const YEAR = 365.25 * 86_400

const ruleTexts: Readonly<Record<PolicyRuleName, string>> = {
  'published-before-it-signs':
    '`publishAhead` ≥ 2 × `jwksMaxAge` + `staleIfError` + 2 × tolerance + `storeLag`',
  'kept-after-it-signed': '`keepRetired` ≥ max TTL + 3 × tolerance + `storeLag`',
  'active-longer-than-ahead': '`activeFor` > `publishAhead`',
  'jwks-max-age-at-least': '`jwksMaxAge` ≥ 60 s',
  'jwks-max-age-at-most': '`jwksMaxAge` ≤ 86400 s',
  'stale-if-error-not-negative': '`staleIfError` ≥ 0',
  'store-lag-at-least': '`storeLag` ≥ 1 s',
}

const harms: Readonly<Record<PolicyRuleName, string>> = {
  'published-before-it-signs': 'a verifier gets a token whose key it has not seen yet',
  'kept-after-it-signed': 'a live token loses its key',
  'active-longer-than-ahead': 'a key signs longer than `activeFor`',
  'jwks-max-age-at-least':
    'a verifier gets a token whose key it has not seen yet: 60 s are served all the same',
  'jwks-max-age-at-most': 'none for tokens; the limit is for how long a revoked key may be cached',
  'stale-if-error-not-negative': 'a verifier gets a token whose key it has not seen yet',
  'store-lag-at-least': 'no replica may sign',
}

/** The results as the Markdown that stands in the documentation. */
export function reportProof({ random, worst, rules }: Proof, size: ProofSize): string {
  const columns = [
    'policies that pass the check',
    'runs',
    'rotations',
    'simulated years',
    'tokens shown',
    'key unknown',
  ]
  const toRow = (name: string, tally: Tally, policies: number) => [
    `${format(policies)}, ${name}`,
    ...[tally.runs, tally.rotations, tally.elapsed / YEAR, tally.outcomes.known + tally.outcomes.unknown].map(
      format,
    ),
    format(tally.outcomes.unknown),
  ]
  const passing = [
    columns,
    toRow('by chance', random, size.policies),
    toRow('by the adversary', worst, size.policies),
  ]
  const breaking = [
    ['rule', 'broken by', 'found in', 'what happens'],
    ...rules.map((rule) => [ruleTexts[rule.rule], ...toFinding(rule), harms[rule.rule]]),
  ]
  return [toTable(passing), '', toTable(breaking)].join('\n')
}

function toFinding({ caughtAt, policies }: BrokenRule): readonly string[] {
  return caughtAt === undefined
    ? ['up to 10 s', `0 of ${policies}`]
    : [`${caughtAt} s`, `${policies} of ${policies}`]
}

function toTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function format(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
