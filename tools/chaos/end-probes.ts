import type { Controller } from './controller.ts'
import type { IssuerCluster } from './issuer-cluster.ts'
import type { EndDelays } from './judge-mint.ts'
import type { Ledger } from './ledger.ts'
import { mint, type Asking } from './mint.ts'

/** Asks for tokens when it matters most whether a sandbox was ended. */
export interface EndProbes {
  /** Asks every replica once: each has just read the sandbox when it is ended now. */
  before(asking: Asking): Promise<void>
  /** Asks every replica for whoever's delay is over since the last call: at once, and then as design.md §5 says. */
  after(controller: Controller): Promise<void>
}

const TTL_SECONDS = 600
/** Once more so long after each delay, in milliseconds. */
const AGAIN_MS = 500

/** Makes {@link EndProbes} of the replicas of a cluster. What they are answered goes into the book. */
export function createEndProbes(
  cluster: IssuerCluster,
  { ledger, delays }: { readonly ledger: Ledger; readonly delays: EndDelays },
): EndProbes {
  const { onOthersMs, storeLagMs } = delays
  const dueMs = [0, onOthersMs, onOthersMs + AGAIN_MS, storeLagMs, storeLagMs + AGAIN_MS]
  const asked = new Map<string, number>()
  const askAll = async (asking: Asking) => {
    await Promise.all(cluster.living().map((replica) => mint(replica, asking, { ledger, ttl: TTL_SECONDS })))
  }
  return {
    before: askAll,
    async after(controller) {
      const now = performance.now()
      const due = controller.sandboxes.filter(({ history: { sandboxId, ended } }) => {
        const next = asked.get(sandboxId) ?? 0
        return ended !== undefined && now >= ended.at + (dueMs[next] ?? Infinity)
      })
      for (const { history } of due) asked.set(history.sandboxId, (asked.get(history.sandboxId) ?? 0) + 1)
      await Promise.all(due.map(askAll))
    },
  }
}
