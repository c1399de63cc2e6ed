import { setTimeout as wait } from 'node:timers/promises'
import type { Controller } from './controller.ts'
import type { IssuerCluster } from './issuer-cluster.ts'
import type { Ledger } from './ledger.ts'

/** How long each step of it may take, in milliseconds, before it goes into the book as a violation. */
const STEP_LIMIT_MS = 60_000
const RETRY_MS = 100

/** Who takes part in restoring a registry. */
export interface RegistryRestoration {
  readonly cluster: IssuerCluster
  readonly controller: Controller
  readonly ledger: Ledger
}

/**
 * Does what an operator and a controller do after the registry was lost: waits until a replica says so, accepts the loss
 * as an admin, and registers every sandbox again that should be live, with the secret it holds.
 */
export async function restoreRegistry({ cluster, controller, ledger }: RegistryRestoration): Promise<void> {
  controller.isRestoring = true
  try {
    const lost = await until(() => findLoss(cluster))
    if (lost === undefined) {
      ledger.violation(`no replica noticed within ${STEP_LIMIT_MS} ms that the registry is lost`)
      return
    }
    // From the moment in which the loss may be accepted, the registry rightly does not know them.
    const from = performance.now()
    for (const { history } of controller.sandboxes) {
      if (history.ended === undefined) history.unknown.push({ from })
    }
    const accepted = await until(() => acceptLoss(cluster, lost))
    if (accepted === undefined) {
      ledger.violation(`the loss of the registry ${lost} could not be accepted within ${STEP_LIMIT_MS} ms`)
      return
    }
    for (const sandbox of controller.sandboxes) {
      if (sandbox.history.liveAt === undefined || sandbox.history.endAskedAt !== undefined) continue
      const registered = await until(async () => {
        for (const replica of cluster.living()) {
          if (await controller.restore(sandbox, replica)) return true
        }
        return undefined
      })
      if (registered === undefined) {
        ledger.violation(
          `${sandbox.history.sandboxId} could not be registered again within ${STEP_LIMIT_MS} ms`,
        )
      }
    }
  } finally {
    controller.isRestoring = false
  }
}

/** The ID of the registry that a replica says is lost; `undefined` when none says so. */
async function findLoss(cluster: IssuerCluster): Promise<string | undefined> {
  for (const replica of cluster.living()) {
    const ready = await replica.ask('control', '/readyz')
    if (ready?.text.includes('registry: it is lost') !== true) continue
    const told = await replica.control('/v1/issuer')
    if (told?.status === 200) return (JSON.parse(told.text) as { registry_id: string }).registry_id
  }
  return undefined
}

/** Whether the loss is accepted, now or by an earlier attempt whose answer was not known. */
async function acceptLoss(cluster: IssuerCluster, lost: string): Promise<true | undefined> {
  for (const replica of cluster.living()) {
    const json = { expected_registry_id: lost }
    const answer = await replica.control('/v1/registry/accept-loss', { method: 'POST', json })
    if (answer?.status === 200) return true
    if (answer?.status === 409 && !answer.text.includes(`registry is not lost`)) return true
  }
  return undefined
}

async function until<T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  const giveUpAt = performance.now() + STEP_LIMIT_MS
  while (performance.now() < giveUpAt) {
    const result = await attempt()
    if (result !== undefined) return result
    await wait(RETRY_MS)
  }
  return undefined
}
