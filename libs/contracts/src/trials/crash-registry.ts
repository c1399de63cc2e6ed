import { isDeepStrictEqual } from 'node:util'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isIssuerError, type SandboxRegistry } from '@workload-identity/core'
import type { CrashOptions, RandomCrashOptions } from './crash-savers.ts'
import { createRegistryExpectation, type RegistryExpectation } from './registry-expectation.ts'
import { createSeededRandom } from './seeded-random.ts'
import { startTrialProcess } from './trial-process.ts'
import { TRIAL_NOW, TRIAL_REGISTRY, trialSandbox } from './trial-sandbox.ts'
import { importTrialStorage, required, type Opened, type TrialReport } from './trial-storage.ts'
import type { ChangeMessage, RegistryChange } from './trial-task.ts'

/** Until when a process that was started may live, in milliseconds after its first message: some changes. */
const MAX_LIFE_MS = 60
/** How long a handle may take to notice that its server is there again, in milliseconds: far longer than it needs. */
const RECOVERY_MS = 60_000
/** Far more steps than a change has; a storage that needs more never kills. */
const MAX_STEPS = 500

/** One storage, what it ought to hold, and a handle that was opened before anything happened to it. */
interface Scene {
  readonly module: string
  readonly location: string
  readonly expectation: RegistryExpectation
  readonly witness: Opened<SandboxRegistry>
}

/**
 * Kills a process with SIGKILL `kills` times at a random moment while it registers, replaces and ends sandboxes, on one
 * storage, and looks after each, through a handle opened before and one opened after: every acknowledged change is there,
 * the one under way is there as a whole or not at all, secrets and lists say the same, and others can go on.
 */
export async function crashRegistry(options: RandomCrashOptions): Promise<TrialReport> {
  const { module, folder, kills, seed, server } = options
  const random = createSeededRandom(seed)
  const scene = await openScene(module, join(folder, 'crashing-registry'))
  const problems: string[] = []
  for (let kill = 1; kill <= kills; kill += 1) {
    const task = {
      task: 'registry-change',
      location: scene.location,
      seed: random.below(2 ** 31),
    } as const
    const changing = await startTrialProcess<ChangeMessage>(module, task)
    await changing.received(() => true)
    await pause(random.below(MAX_LIFE_MS))
    changing.kill()
    const restarted = server?.crash()
    await Promise.all([changing.ended, restarted])
    if (server !== undefined) await recover(scene.witness.handle)
    const found = await judge(scene, changing.messages)
    problems.push(...found.map((problem) => `kill ${kill} of seed ${seed}: ${problem}`))
  }
  await scene.witness.close()
  return { tried: kills, problems }
}

/**
 * Kills a process before each step of a registration, a replacement and an end, on a storage of its own each, and looks as
 * {@link crashRegistry} does. `tried` is the number of steps.
 */
export async function crashRegistryAtEveryStep({ module, folder }: CrashOptions): Promise<TrialReport> {
  const problems: string[] = []
  let tried = 0
  for (const kind of ['register', 'replace', 'end'] as const) {
    for (let step = 1; ; step += 1) {
      if (step > MAX_STEPS) throw new RangeError('no process survived, however late it was to be killed')
      const scene = await openScene(module, join(folder, `${kind}-${step}`))
      const before = kind === 'register' ? 'another' : 'sandbox/1'
      await register(scene, scene.witness.handle, { kind: 'register', sandbox_id: before, serial: 3 })
      const change = { kind, sandbox_id: 'sandbox/1', serial: 7 } as const
      const task = { task: 'change-once', location: scene.location, change, killAtStep: step } as const
      const changing = await startTrialProcess<ChangeMessage>(module, task)
      const end = await changing.ended
      const found = await judge(scene, changing.messages)
      await scene.witness.close()
      problems.push(...found.map((problem) => `${kind}, step ${step}: ${problem}`))
      if (end === 0) break
      if (end !== 'SIGKILL') {
        problems.push(`${kind}, step ${step}: the process ended with ${String(end)}`)
        break
      }
      tried += 1
    }
  }
  return { tried, problems }
}

/** Compares what is stored with what the messages say. */
async function judge(scene: Scene, messages: readonly ChangeMessage[]): Promise<string[]> {
  const { expectation, witness } = scene
  const pending = expectation.follow(messages)
  if (pending !== undefined) {
    const found = await witness.handle.findById(pending.sandbox_id, TRIAL_NOW)
    if (isDeepStrictEqual(found, expectation.recordOf(pending))) expectation.apply(pending)
  }
  const problems = await expectation.compare(witness.handle)
  const fresh = await openSandboxes(scene.module, scene.location)
  problems.push(...(await expectation.compare(fresh.handle)))
  await register(scene, fresh.handle, { kind: 'register', sandbox_id: 'afterwards', serial: 1 })
  problems.push(...(await expectation.compare(witness.handle)))
  if (!(await witness.handle.end('afterwards', TRIAL_NOW))) problems.push('a registration after it was lost')
  expectation.apply({ kind: 'end', sandbox_id: 'afterwards', serial: 1 })
  await fresh.close()
  return problems
}

/** Waits until a handle that was opened before a crash of its server can read and write again. */
async function recover(sandboxes: SandboxRegistry): Promise<void> {
  const recovery = trialSandbox({ kind: 'register', sandbox_id: 'recovery', serial: 0 }, 1)
  const giveUpAt = performance.now() + RECOVERY_MS
  for (;;) {
    try {
      await sandboxes.end('recovery', TRIAL_NOW)
      await sandboxes.register(recovery, TRIAL_NOW)
      await sandboxes.end('recovery', TRIAL_NOW)
      return
    } catch (error) {
      if (!isIssuerError(error, 'ERR_STORE_UNAVAILABLE') || performance.now() > giveUpAt) throw error
      await pause(10)
    }
  }
}

async function register(
  { expectation }: Scene,
  sandboxes: SandboxRegistry,
  change: RegistryChange,
): Promise<void> {
  const record = expectation.recordOf(change)
  if (record !== undefined) await sandboxes.register(record, TRIAL_NOW)
  expectation.apply(change)
}

async function openScene(module: string, location: string): Promise<Scene> {
  const witness = await openSandboxes(module, location)
  const expectation = createRegistryExpectation()
  // What a storage does once after it was opened is done now.
  await expectation.compare(witness.handle)
  return { module, location, witness, expectation }
}

async function openSandboxes(module: string, location: string): Promise<Opened<SandboxRegistry>> {
  const { openRegistry } = await importTrialStorage(module)
  const { handle, close } = await required(openRegistry, 'openRegistry')(location, () => TRIAL_REGISTRY)
  await handle.identity.claim(TRIAL_REGISTRY)
  return { handle: handle.sandboxes, close }
}
