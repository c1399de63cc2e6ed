import { isDeepStrictEqual } from 'node:util'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { SandboxRecord, SandboxRegistry } from '@workload-identity/core'
import type { CrashOptions } from './crash-savers.ts'
import { createSeededRandom } from './seeded-random.ts'
import { startTrialProcess } from './trial-process.ts'
import { TRIAL_NOW, TRIAL_REGISTRY, trialSandbox, trialSecret } from './trial-sandbox.ts'
import { importTrialStorage, required, type TrialReport } from './trial-storage.ts'
import type { ChangeMessage, RegistryChange } from './trial-task.ts'

/** Until when a process that was started may live, in milliseconds after its first message: some changes. */
const MAX_LIFE_MS = 60
/** Far more steps than a change has; a storage that needs more never kills. */
const MAX_STEPS = 500

/** What the registry ought to hold: the record of each live sandbox, and every serial that was ever used. */
interface Expected {
  readonly records: Map<string, SandboxRecord>
  readonly serials: Set<number>
}

/**
 * Kills a process with SIGKILL `kills` times at a random moment while it registers, replaces and ends sandboxes, on one
 * storage, and looks after each: every acknowledged change is there, the one under way is there as a whole or not at
 * all, secrets and lists say the same, and the next process can go on.
 */
export async function crashRegistry(
  options: CrashOptions & { readonly kills: number; readonly seed: number },
): Promise<TrialReport> {
  const { module, folder, kills, seed } = options
  const location = join(folder, 'crashing-registry')
  const random = createSeededRandom(seed)
  const expected: Expected = { records: new Map(), serials: new Set() }
  const problems: string[] = []
  for (let kill = 1; kill <= kills; kill += 1) {
    const task = { task: 'registry-change', location, seed: random.below(2 ** 31) } as const
    const changing = startTrialProcess<ChangeMessage>(module, task)
    await changing.received(() => true)
    await pause(random.below(MAX_LIFE_MS))
    changing.kill()
    await changing.ended
    const found = await judge(module, location, changing.messages, expected)
    problems.push(...found.map((problem) => `kill ${kill} of seed ${seed}: ${problem}`))
  }
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
      const location = join(folder, `${kind}-${step}`)
      const expected = await populate(module, location, kind === 'register' ? 'another' : 'sandbox/1')
      const change = { kind, sandbox_id: 'sandbox/1', serial: 7 } as const
      const task = { task: 'change-once', location, change, killAtStep: step } as const
      const changing = startTrialProcess<ChangeMessage>(module, task)
      const end = await changing.ended
      const found = await judge(module, location, changing.messages, expected)
      problems.push(...found.map((problem) => `${kind}, step ${step}: ${problem}`))
      if (end === 0) break
      if (end !== 'SIGKILL') problems.push(`${kind}, step ${step}: the process ended with ${String(end)}`)
      tried += 1
    }
  }
  return { tried, problems }
}

async function populate(module: string, location: string, sandbox_id: string): Promise<Expected> {
  const record = trialSandbox({ kind: 'register', sandbox_id, serial: 3 }, 1)
  await withSandboxes(module, location, (sandboxes) => sandboxes.register(record, TRIAL_NOW))
  return { records: new Map([[sandbox_id, record]]), serials: new Set([3]) }
}

/** Compares what is stored with what the messages say, which `expected` then says too. */
async function judge(
  module: string,
  location: string,
  messages: readonly ChangeMessage[],
  expected: Expected,
): Promise<string[]> {
  const pending = follow(messages, expected)
  return await withSandboxes(module, location, async (sandboxes) => {
    if (pending !== undefined) {
      const stored = await sandboxes.findById(pending.sandbox_id, TRIAL_NOW)
      if (isDeepStrictEqual(stored, applied(pending, expected))) apply(pending, expected)
    }
    const problems = await compare(sandboxes, expected)
    return [...problems, ...(await goOn(sandboxes, expected))]
  })
}

/** Applies the changes that were acknowledged; gives the one that was not, if any. */
function follow(messages: readonly ChangeMessage[], expected: Expected): RegistryChange | undefined {
  let pending: RegistryChange | undefined
  for (const message of messages) {
    if ('doing' in message) {
      pending = message.doing
      expected.serials.add(message.doing.serial)
    } else {
      apply(message.done, expected)
      pending = undefined
    }
  }
  return pending
}

function applied(change: RegistryChange, { records }: Expected): SandboxRecord | undefined {
  if (change.kind === 'end') return undefined
  const revision = change.kind === 'register' ? 1 : (records.get(change.sandbox_id)?.revision ?? 0) + 1
  return trialSandbox(change, revision)
}

function apply(change: RegistryChange, expected: Expected): void {
  const record = applied(change, expected)
  if (record === undefined) expected.records.delete(change.sandbox_id)
  else expected.records.set(change.sandbox_id, record)
}

async function compare(sandboxes: SandboxRegistry, { records, serials }: Expected): Promise<string[]> {
  const problems: string[] = []
  const { items } = await sandboxes.list({ limit: 1000 }, TRIAL_NOW)
  const wanted = [...records.values()].sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
  if (!isDeepStrictEqual(items, wanted)) problems.push('the list is another one than what was acknowledged')
  for (const serial of serials) {
    for (const sha256 of [trialSecret(serial), trialSecret(`${serial} old`)]) {
      const owner = wanted.find(({ secrets }) => secrets.some((secret) => secret.sha256 === sha256))
      const found = await sandboxes.findBySecretHash(sha256, TRIAL_NOW)
      if (!isDeepStrictEqual(found, owner)) {
        problems.push(
          `secret ${serial} leads to ${String(found?.sandbox_id)}, not ${String(owner?.sandbox_id)}`,
        )
      }
    }
  }
  return problems
}

/** The registry takes changes as if nothing had happened. */
async function goOn(sandboxes: SandboxRegistry, expected: Expected): Promise<string[]> {
  const change = { kind: 'register', sandbox_id: 'afterwards', serial: 1 } as const
  await sandboxes.register(trialSandbox(change, 1), TRIAL_NOW)
  apply(change, expected)
  const problems = await compare(sandboxes, expected)
  if (!(await sandboxes.end('afterwards', TRIAL_NOW))) problems.push('a registration after it was lost')
  apply({ ...change, kind: 'end' }, expected)
  return problems
}

async function withSandboxes<R>(
  module: string,
  location: string,
  work: (sandboxes: SandboxRegistry) => Promise<R>,
): Promise<R> {
  const { openRegistry } = await importTrialStorage(module)
  const { handle, close } = await required(openRegistry, 'openRegistry')(location, () => TRIAL_REGISTRY)
  try {
    await handle.identity.claim(TRIAL_REGISTRY)
    return await work(handle.sandboxes)
  } finally {
    await close()
  }
}
