import { join } from 'node:path'
import { createSeededRandom } from './seeded-random.ts'
import { startTrialProcess, type TrialProcess } from './trial-process.ts'
import { isWholeTrialRing } from './trial-ring.ts'
import { importTrialStorage, required, type TrialReport } from './trial-storage.ts'
import type { BootMessage, SaverMessage, Version } from './trial-task.ts'

/** Which storage several processes race on. */
export interface RaceOptions {
  /** The `file:` URL of a module that exports a `TrialStorage`. */
  readonly module: string
  /** An existing empty folder for storages. */
  readonly folder: string
  readonly processes: number
  readonly seed: number
}

/**
 * Lets processes save to one key store as fast as they can, until each has been told of `saves` saves. `tried` is their number.
 *
 * No update is lost when the saves, ordered by generation, form one chain in which each replaced the one before it, and the
 * ring at the end is the last of them.
 */
export async function raceSavers(options: RaceOptions & { readonly saves: number }): Promise<TrialReport> {
  const { module, folder, processes, saves, seed } = options
  const location = join(folder, 'savers')
  const random = createSeededRandom(seed)
  const savers = await Promise.all(
    names(processes).map((name) =>
      startTrialProcess<SaverMessage>(module, {
        task: 'save',
        location,
        name,
        saves,
        seed: random.below(2 ** 31),
      }),
    ),
  )
  const ends = await Promise.all(savers.map(({ ended }) => ended))
  const chain = savers
    .flatMap(({ messages }) => messages.flatMap((message) => ('saved' in message ? [message.saved] : [])))
    .sort((left, right) => left.generation - right.generation)
  const { handle: store, close } = await required(
    (await importTrialStorage(module)).openKeyStore,
    'openKeyStore',
  )(location)
  const found = await store.load()
  await close()
  const last = chain.at(-1)
  const problems = [
    ...ends.filter((end) => end !== 0).map((end) => `a saver ended with ${String(end)}`),
    ...problemsOfChain(chain),
    ...(chain.length === processes * saves ? [] : [`${chain.length} saves were acknowledged`]),
    ...(found?.write_id === last?.write_id
      ? []
      : [`the last ring is ${String(found?.write_id)}, not ${String(last?.write_id)}`]),
    ...(found === undefined || isWholeTrialRing(found) ? [] : ['the last ring is not whole']),
  ]
  return { tried: chain.length, problems }
}

/** Lets processes find `boots` empty key stores at the same moment each, one store after the other. `tried` is the number of boots. */
export async function raceFirstBoots(
  options: RaceOptions & { readonly boots: number },
): Promise<TrialReport> {
  const { module, folder, processes, boots } = options
  const booting = await Promise.all(
    names(processes).map((name) => startTrialProcess<BootMessage>(module, { task: 'first-boot', name })),
  )
  const problems: string[] = []
  try {
    await Promise.all(booting.map(({ received }) => received(() => true)))
    for (let boot = 0; boot < boots; boot += 1) {
      problems.push(...problemsOfBoot(await bootAll(booting, join(folder, `boot-${boot}`))))
    }
  } finally {
    for (const { kill } of booting) kill()
    await Promise.all(booting.map(({ ended }) => ended))
  }
  return { tried: boots, problems }
}

async function bootAll(
  booting: readonly TrialProcess<BootMessage>[],
  location: string,
): Promise<BootMessage[]> {
  for (const { send } of booting) send({ boot: location })
  return await Promise.all(booting.map(({ received }) => received(({ boot }) => boot === location)))
}

function problemsOfBoot(boots: readonly BootMessage[]): string[] {
  const winners = boots.filter(({ won }) => won).length
  const rings = new Set(boots.map(({ found }) => found.write_id))
  return [
    ...(winners === 1 ? [] : [`${winners} processes made the first ring`]),
    ...(rings.size === 1 ? [] : [`the processes go on with ${rings.size} rings: ${[...rings].join(', ')}`]),
  ]
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `process-${index}`)
}

function problemsOfChain(chain: readonly Version[]): string[] {
  return chain
    .map((version, index) => ({ version, before: chain[index - 1] }))
    .filter(({ version, before }) => version.over !== before?.write_id)
    .map(
      ({ version, before }) =>
        `${version.write_id} replaced ${String(version.over)}, and so lost ${String(before?.write_id)}`,
    )
}
