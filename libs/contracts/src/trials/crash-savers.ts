import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { KeyStore } from '@workload-identity/core'
import { createSeededRandom } from './seeded-random.ts'
import { startTrialProcess } from './trial-process.ts'
import { isWholeTrialRing, trialRing } from './trial-ring.ts'
import { importTrialStorage, required, type TrialReport, type TrialServer } from './trial-storage.ts'
import type { SaverMessage, Version } from './trial-task.ts'

/** Which storage is to survive what. */
export interface CrashOptions {
  /** The `file:` URL of a module that exports a `TrialStorage`. */
  readonly module: string
  /** An existing empty folder for storages. */
  readonly folder: string
}

/** How often processes die at random moments, and whether the server of their storage dies with them. */
export interface RandomCrashOptions extends CrashOptions {
  readonly kills: number
  readonly seed: number
  /** Crashes at the moment of every kill. */
  readonly server?: TrialServer
}

/** Until when a process that was started may live, in milliseconds after its first message: some saves. */
const MAX_LIFE_MS = 40
/** More saves than a process lives for. */
const ENDLESS = 1_000_000
/** Far more steps than a change has; a storage that needs more never kills. */
const MAX_STEPS = 500

/**
 * Kills a process with SIGKILL `kills` times at a random moment while it saves, on one storage, and looks after each: the
 * last acknowledged ring is there, or the one that was being saved, whole; and the next process can go on.
 */
export async function crashSavers(options: RandomCrashOptions): Promise<TrialReport> {
  const { module, folder, kills, seed, server } = options
  const location = join(folder, 'crashing-savers')
  const random = createSeededRandom(seed)
  const problems: string[] = []
  let acknowledged: Version | undefined
  for (let kill = 1; kill <= kills; kill += 1) {
    const name = `life-${kill}`
    const task = { task: 'save', location, name, saves: ENDLESS, seed: random.below(2 ** 31) } as const
    const saver = await startTrialProcess<SaverMessage>(module, task)
    await saver.received(() => true)
    await pause(random.below(MAX_LIFE_MS))
    saver.kill()
    const restarted = server?.crash()
    await Promise.all([saver.ended, restarted])
    const judgement = await judge(module, location, saver.messages, acknowledged)
    problems.push(...judgement.problems.map((problem) => `kill ${kill} of seed ${seed}: ${problem}`))
    acknowledged = judgement.found
  }
  return { tried: kills, problems }
}

/**
 * Kills a process before each step of the first save into a storage and of a later one, on a storage of its own each, and
 * looks as {@link crashSavers} does. `tried` is the number of steps.
 */
export async function crashSaverAtEveryStep({ module, folder }: CrashOptions): Promise<TrialReport> {
  const problems: string[] = []
  let tried = 0
  for (const before of [undefined, trialRing(1, 'before')]) {
    for (let step = 1; ; step += 1) {
      if (step > MAX_STEPS) throw new RangeError('no process survived, however late it was to be killed')
      const location = join(folder, `step-${before?.generation ?? 0}-${step}`)
      if (before !== undefined) await withStore(module, location, (store) => store.save(before, undefined))
      const saver = await startTrialProcess<SaverMessage>(module, {
        task: 'save-once',
        location,
        killAtStep: step,
      })
      const end = await saver.ended
      const { problems: found } = await judge(module, location, saver.messages, before)
      problems.push(...found.map((problem) => `step ${step}: ${problem}`))
      if (end === 0) break
      if (end !== 'SIGKILL') {
        problems.push(`step ${step}: the process ended with ${String(end)}`)
        break
      }
      tried += 1
    }
  }
  return { tried, problems }
}

/** Compares what is stored with what the messages say, and saves once more. */
async function judge(
  module: string,
  location: string,
  messages: readonly SaverMessage[],
  before: Version | undefined,
): Promise<{ readonly problems: string[]; readonly found: Version | undefined }> {
  const saved = messages.flatMap((message) => ('saved' in message ? [message.saved] : [])).at(-1) ?? before
  const saving = messages.flatMap((message) => ('saving' in message ? [message.saving] : [])).at(-1)
  try {
    return await withStore(module, location, async (store) => judgeStore(store, saved, saving))
  } catch (error) {
    return { problems: [`the store cannot be used: ${String(error)}`], found: before }
  }
}

async function judgeStore(store: KeyStore, saved: Version | undefined, saving: Version | undefined) {
  const found = await store.load()
  const problems: string[] = []
  if (found?.write_id !== saved?.write_id && found?.write_id !== saving?.write_id) {
    problems.push(
      `found ${String(found?.write_id)}, not ${String(saved?.write_id)} or ${String(saving?.write_id)}`,
    )
  }
  if (found !== undefined && !isWholeTrialRing(found)) problems.push(`${found.write_id} is not whole`)
  const next = trialRing((found?.generation ?? 0) + 1, `after-${found?.write_id ?? 'nothing'}`.slice(0, 60))
  await store.save(next, found)
  if ((await store.load())?.write_id !== next.write_id) problems.push('a save after it was lost')
  return { problems, found: next }
}

async function withStore<R>(
  module: string,
  location: string,
  work: (store: KeyStore) => Promise<R>,
): Promise<R> {
  const { handle, close } = await required(
    (await importTrialStorage(module)).openKeyStore,
    'openKeyStore',
  )(location)
  try {
    return await work(handle)
  } finally {
    await close()
  }
}
