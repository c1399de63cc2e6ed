import { CLOCK_TOLERANCE, seconds, type PolicyRuleName, type RotationPolicy } from '@workload-identity/core'
import { highIsWorst, type Chooser } from './choose.ts'

/** A policy with the longest life of tokens that it is checked with. */
export interface TrialPolicy {
  readonly policy: RotationPolicy
  readonly maxTtl: number
}

/** How much more than the check requires each duration is. */
interface Slack {
  readonly publishAhead: number
  readonly keepRetired: number
  readonly activeFor: number
}

const DAY = 86_400
const none: Slack = { publishAhead: 0, keepRetired: 0, activeFor: 0 }

/** A policy that passes the check; every second one just so, without a second to spare. */
export function choosePolicy(chooser: Chooser): TrialPolicy {
  const spare = (most: number) => chooser.between(0, most, highIsWorst)
  const slack = chooser.oneIn(2, true)
    ? none
    : { publishAhead: spare(DAY), keepRetired: spare(DAY), activeFor: spare(90 * DAY) }
  return buildPolicy(chooseTerms(chooser), slack)
}

/**
 * Policies that break one rule by `step` seconds and keep all others just so. The rules about `jwksMaxAge`,
 * `staleIfError` and `storeLag` are broken below their least value.
 */
export function choosePolicyBreaking(rule: PolicyRuleName, step: number, chooser: Chooser): TrialPolicy {
  const terms = chooseTerms(chooser)
  switch (rule) {
    case 'published-before-it-signs':
      return buildPolicy(terms, { ...calm(terms), publishAhead: -step })
    case 'kept-after-it-signed':
      return buildPolicy(terms, { ...none, keepRetired: -step })
    case 'active-longer-than-ahead':
      return buildPolicy(terms, { ...none, activeFor: -step })
    case 'jwks-max-age-at-least':
      return buildPolicy({ ...terms, jwksMaxAge: 60 - step }, calm(terms))
    case 'jwks-max-age-at-most':
      return buildPolicy({ ...terms, jwksMaxAge: DAY + step }, calm(terms))
    case 'stale-if-error-not-negative':
      return buildPolicy({ ...terms, staleIfError: -step }, calm(terms))
    case 'store-lag-at-least':
      return buildPolicy({ ...terms, storeLag: 1 - step }, none)
  }
}

/** Keys sign so long that caches hold sets for all of `jwksMaxAge` in between: no change is near. */
function calm({ jwksMaxAge, storeLag, maxTtl }: Terms): Slack {
  return { ...none, activeFor: maxTtl + 8 * jwksMaxAge + 8 * storeLag + DAY }
}

interface Terms {
  readonly jwksMaxAge: number
  readonly staleIfError: number
  readonly storeLag: number
  readonly maxTtl: number
}

function chooseTerms(chooser: Chooser): Terms {
  return {
    jwksMaxAge: chooser.between(60, chooser.oneIn(2, false) ? 600 : DAY, highIsWorst),
    staleIfError: chooser.between(0, chooser.oneIn(2, false) ? 600 : 2 * DAY, highIsWorst),
    storeLag: chooser.between(1, 3600, highIsWorst),
    maxTtl: chooser.between(60, DAY, highIsWorst),
  }
}

function buildPolicy({ maxTtl, ...terms }: Terms, slack: Slack): TrialPolicy {
  const { jwksMaxAge, staleIfError, storeLag } = terms
  const publishAhead = 2 * jwksMaxAge + staleIfError + 2 * CLOCK_TOLERANCE + storeLag + slack.publishAhead
  const policy = {
    jwksMaxAge: seconds(jwksMaxAge),
    staleIfError: seconds(staleIfError),
    storeLag: seconds(storeLag),
    publishAhead: seconds(publishAhead),
    activeFor: seconds(publishAhead + 1 + slack.activeFor),
    keepRetired: seconds(maxTtl + 3 * CLOCK_TOLERANCE + storeLag + slack.keepRetired),
  }
  return { policy, maxTtl }
}
