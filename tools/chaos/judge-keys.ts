import { isTroubled, type Outage } from './outages.ts'

/** A JWKS as one replica answered it; times in milliseconds of `performance.now()`. */
export interface PublishedKeys {
  readonly replica: number
  readonly sentAt: number
  readonly answeredAt: number
  readonly kids: readonly string[]
}

/** All keys that were ever seen, and where. */
export interface KnownKeys {
  /** Takes note of a key that signed a token or was published. */
  add(kid: string, at: number): void
  /** What is wrong with a JWKS: each key that was lost or did not come in time. Its keys are known from then on. */
  judge(published: PublishedKeys, outages: readonly Outage[]): readonly string[]
  count(): number
}

/**
 * Makes {@link KnownKeys} that know none. Every key that was ever published has to stay published on every replica: at
 * once where it was seen, also after a restart, and on the others `spreadMs` after it was first seen anywhere, or when
 * an outage within that time has healed.
 */
export function createKnownKeys(spreadMs: number): KnownKeys {
  const firstSeen = new Map<string, number>()
  const seenOn = new Map<string, Set<number>>()
  const add = (kid: string, at: number) => {
    if (!firstSeen.has(kid)) firstSeen.set(kid, at)
  }
  return {
    add,
    judge({ replica, sentAt, answeredAt, kids }, outages) {
      const problems: string[] = []
      for (const [kid, since] of firstSeen) {
        if (kids.includes(kid)) continue
        if (seenOn.get(kid)?.has(replica) === true) {
          problems.push(`the key ${kid} is not published any more`)
        } else if (
          sentAt >= since + spreadMs &&
          !isTroubled(outages, { replica, from: since, to: answeredAt })
        ) {
          problems.push(
            `the key ${kid} is not published ${Math.round(sentAt - since)} ms after it was seen elsewhere`,
          )
        }
      }
      for (const kid of kids) {
        add(kid, answeredAt)
        seenOn.set(kid, (seenOn.get(kid) ?? new Set()).add(replica))
      }
      return problems
    },
    count: () => firstSeen.size,
  }
}
