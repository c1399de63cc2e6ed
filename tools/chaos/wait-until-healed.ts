import { setTimeout as wait } from 'node:timers/promises'
import type { Controller } from './controller.ts'
import type { IssuerCluster, LivingReplica } from './issuer-cluster.ts'
import type { Ledger } from './ledger.ts'
import { mint, UNKNOWN_SECRET } from './mint.ts'

/** How long healing may take, in milliseconds, before it goes into the book as a violation. */
const HEALING_LIMIT_MS = 90_000
const RETRY_MS = 100
const TTL_SECONDS = 600

/**
 * Waits until every replica runs, is ready, gives a live sandbox its token, refuses an unknown secret for good, and
 * registers a sandbox: nothing of an outage is left. Gives what was missing last; `undefined` when nothing ever was.
 */
export async function waitUntilHealed(stage: {
  readonly cluster: IssuerCluster
  readonly controller: Controller
  readonly ledger: Ledger
}): Promise<string | undefined> {
  const { cluster, ledger } = stage
  let last: string | undefined
  const giveUpAt = performance.now() + HEALING_LIMIT_MS
  for (let index = 0; index < cluster.size; index += 1) {
    let missing = await whatIsMissing(index, stage)
    while (missing !== undefined) {
      last = `replica ${index}: ${missing}`
      if (performance.now() > giveUpAt) {
        ledger.violation(`replica ${index} did not heal within ${HEALING_LIMIT_MS} ms: ${missing}`)
        break
      }
      await wait(RETRY_MS)
      missing = await whatIsMissing(index, stage)
    }
  }
  return last
}

async function whatIsMissing(
  index: number,
  { cluster, controller, ledger }: Parameters<typeof waitUntilHealed>[0],
): Promise<string | undefined> {
  const replica: LivingReplica | undefined = cluster.living().find((living) => living.index === index)
  if (replica === undefined) return 'it does not run'
  const ready = await replica.ask('control', '/readyz')
  if (ready?.status !== 200) return `it is not ready: ${ready?.text ?? 'no answer'}`
  const live = controller.someoneLive()
  if (live === undefined) return 'nobody is live'
  const settings = { ledger, ttl: TTL_SECONDS }
  const minted = await mint(replica, live, settings)
  if (minted !== 200) return `a live sandbox was answered ${minted ?? 'nothing'}`
  const refused = await mint(replica, { secret: UNKNOWN_SECRET }, settings)
  if (refused !== 403) return `an unknown secret was answered ${refused ?? 'nothing'}`
  if (!(await controller.registerThrough(replica))) return 'a sandbox could not be registered'
  return undefined
}
