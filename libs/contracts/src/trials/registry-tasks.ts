import { isIssuerError, type SandboxRegistry } from '@workload-identity/core'
import { createSeededRandom } from './seeded-random.ts'
import { TRIAL_NOW, TRIAL_REGISTRY, trialSandbox, trialSecret } from './trial-sandbox.ts'
import { required, type TrialStorage } from './trial-storage.ts'
import type {
  ChangeOnceTask,
  RegistryChange,
  RegistryChangeTask,
  RegistryFeat,
  RegistryRaceTask,
} from './trial-task.ts'
import { tell, told } from './worker-channel.ts'

/** How often each process replaces the record that all of them replace. */
export const COUNTS_PER_ROUND = 2
/** How many sandboxes are changed by turns. */
const SANDBOXES = 6

/** In every round it is told, does what all others do too: of the same ID, of the same secret, of the same record. */
export async function raceInRegistry(storage: TrialStorage, task: RegistryRaceTask): Promise<void> {
  const { sandboxes, close } = await openSandboxes(storage, task.location)
  await tell({ ready: true })
  for await (const { round } of told<{ readonly round: number }>()) {
    const own = (what: string) => trialSecret(`${what} ${round} ${task.name}`)
    const register = (sandbox_id: string, sha256: string) =>
      sandboxes.register(
        { sandbox_id, app: task.name, secrets: [{ sha256 }], created_at: TRIAL_NOW, revision: 1 },
        TRIAL_NOW,
      )
    const won: RegistryFeat[] = []
    if (await succeeds(register(`id-${round}`, own('id')))) won.push('id')
    if (await succeeds(register(`secret-${round}-${task.name}`, trialSecret(`shared ${round}`))))
      won.push('secret')
    if (await sandboxes.end(`ending-${round}`, TRIAL_NOW)) won.push('end')
    for (let count = 0; count < COUNTS_PER_ROUND;) {
      if (!(await succeeds(countUp(sandboxes)))) continue
      count += 1
      won.push('count')
    }
    await tell({ round, won })
  }
  await close()
}

/** Changes sandboxes by turns, telling before and after each change. */
export async function changeUntilKilled(storage: TrialStorage, task: RegistryChangeTask): Promise<void> {
  const { sandboxes } = await openSandboxes(storage, task.location)
  const random = createSeededRandom(task.seed)
  for (;;) {
    const sandbox_id = `sandbox/${random.below(SANDBOXES)}`
    const isLive = (await sandboxes.findById(sandbox_id, TRIAL_NOW)) !== undefined
    const kind = !isLive ? 'register' : random.below(3) === 0 ? 'end' : 'replace'
    await change(sandboxes, { kind, sandbox_id, serial: random.below(2 ** 31) })
  }
}

/** Makes one change, and dies on the way when told so. */
export async function changeOnce(storage: TrialStorage, task: ChangeOnceTask): Promise<void> {
  const { sandboxes, close } = await openSandboxes(storage, task.location)
  // What is only done once after a start is not a step of a change.
  await sandboxes.findById(task.change.sandbox_id, TRIAL_NOW)
  await required(storage.killAtStep, 'killAtStep')(task.killAtStep)
  await change(sandboxes, task.change)
  await close()
}

async function change(sandboxes: SandboxRegistry, wanted: RegistryChange): Promise<void> {
  await tell({ doing: wanted })
  const stored = await sandboxes.findById(wanted.sandbox_id, TRIAL_NOW)
  if (wanted.kind === 'register') await sandboxes.register(trialSandbox(wanted, 1), TRIAL_NOW)
  else if (wanted.kind === 'end') await sandboxes.end(wanted.sandbox_id, TRIAL_NOW)
  else await sandboxes.replace(trialSandbox(wanted, (stored?.revision ?? 0) + 1), TRIAL_NOW)
  await tell({ done: wanted })
}

async function countUp(sandboxes: SandboxRegistry): Promise<void> {
  const stored = await sandboxes.findById('counter', TRIAL_NOW)
  if (stored === undefined) throw new Error('the counter of the trial is gone')
  await sandboxes.replace({ ...stored, revision: stored.revision + 1 }, TRIAL_NOW)
}

async function openSandboxes(storage: TrialStorage, location: string) {
  const { handle, close } = await required(storage.openRegistry, 'openRegistry')(
    location,
    () => TRIAL_REGISTRY,
  )
  await handle.identity.claim(TRIAL_REGISTRY)
  return { sandboxes: handle.sandboxes, close }
}

/** False when somebody else was first; any other failure is one. */
async function succeeds(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isIssuerError(error, 'ERR_SANDBOX_EXISTS', 'ERR_SECRET_IN_USE', 'ERR_REVISION_CONFLICT')) return false
    throw error
  }
}
