import { isIssuerError, type KeyStore, type RingVersion, type StoredKeyRing } from '@workload-identity/core'
import { createSeededRandom } from './seeded-random.ts'
import { trialRing } from './trial-ring.ts'
import { required, type TrialStorage } from './trial-storage.ts'
import type { FirstBootTask, SaveOnceTask, SaveTask, Version } from './trial-task.ts'
import { tell, told } from './worker-channel.ts'

/** Saves over whatever is stored, by generations that sometimes jump, telling before and after each save. */
export async function saveMany(storage: TrialStorage, task: SaveTask): Promise<void> {
  const { handle: store, close } = await required(storage.openKeyStore, 'openKeyStore')(task.location)
  const random = createSeededRandom(task.seed)
  let saves = 0
  let conflicts = 0
  while (saves < task.saves) {
    const stored = await store.load()
    const generation = (stored?.generation ?? 0) + 1 + (random.below(4) === 0 ? random.below(5) : 0)
    const ring = trialRing(generation, `${task.name}-${saves + 1}-${conflicts}`)
    const version = { ...versionOf(ring), over: stored?.write_id }
    await tell({ saving: version })
    if (await isSaved(store, ring, stored)) {
      saves += 1
      await tell({ saved: version })
    } else {
      conflicts += 1
    }
  }
  await close()
  await tell({ saves, conflicts })
}

/** Boots on every location it is told, as an issuer does: an empty store gets a first ring, whoever loses takes the winner's. */
export async function bootFirst(storage: TrialStorage, task: FirstBootTask): Promise<void> {
  await tell({ ready: true })
  for await (const { boot } of told<{ readonly boot: string }>()) {
    const { handle: store, close } = await required(storage.openKeyStore, 'openKeyStore')(boot)
    const stored = await store.load()
    const won = stored === undefined && (await isSaved(store, trialRing(1, task.name), undefined))
    const found = await store.load()
    await close()
    await tell({ boot, won, found: versionOf(found ?? trialRing(0, 'nothing')) })
  }
}

/** Saves the generation after the stored one, and dies on the way when told so. */
export async function saveOnce(storage: TrialStorage, task: SaveOnceTask): Promise<void> {
  const { handle: store, close } = await required(storage.openKeyStore, 'openKeyStore')(task.location)
  const stored = await store.load()
  const ring = trialRing((stored?.generation ?? 0) + 1, `step-${task.killAtStep}`)
  await required(storage.killAtStep, 'killAtStep')(task.killAtStep)
  await tell({ saving: versionOf(ring) })
  await store.save(ring, stored)
  await tell({ saved: versionOf(ring) })
  await close()
}

async function isSaved(
  store: KeyStore,
  ring: StoredKeyRing,
  expected: RingVersion | undefined,
): Promise<boolean> {
  try {
    await store.save(ring, expected)
    return true
  } catch (error) {
    if (isIssuerError(error, 'ERR_STORE_CONFLICT')) return false
    throw error
  }
}

function versionOf({ generation, write_id }: StoredKeyRing): Version {
  return { generation, write_id }
}
