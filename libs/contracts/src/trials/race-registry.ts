import { join } from 'node:path'
import type { RegistryHandles } from '../registry-harness.ts'
import { COUNTS_PER_ROUND } from './registry-tasks.ts'
import type { RaceOptions } from './race-savers.ts'
import { startTrialProcess } from './trial-process.ts'
import { TRIAL_NOW, TRIAL_REGISTRY, trialSecret } from './trial-sandbox.ts'
import { importTrialStorage, required, type TrialReport } from './trial-storage.ts'
import type { RegistryFeat, RoundMessage } from './trial-task.ts'

/**
 * Lets processes register the same ID, register different IDs with the same secret, end the same sandbox and replace the
 * same record, all at the same moment, `rounds` times. Of each the right number succeeds, and the registry says the same.
 * `tried` is the number of attempts that succeeded or were refused.
 */
export async function raceRegistry(options: RaceOptions & { readonly rounds: number }): Promise<TrialReport> {
  const { module, folder, processes, rounds } = options
  const location = join(folder, 'registry')
  const { handle, close } = await required((await importTrialStorage(module)).openRegistry, 'openRegistry')(
    location,
    () => TRIAL_REGISTRY,
  )
  await handle.identity.claim(TRIAL_REGISTRY)
  await register(handle, 'counter')
  const racing = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      startTrialProcess<RoundMessage>(module, { task: 'registry-race', location, name: `process-${index}` }),
    ),
  )
  const problems: string[] = []
  try {
    await Promise.all(racing.map(({ received }) => received(() => true)))
    for (let round = 0; round < rounds; round += 1) {
      await register(handle, `ending-${round}`)
      for (const { send } of racing) send({ round })
      const answers = await Promise.all(
        racing.map(({ received }) => received((answer) => answer.round === round)),
      )
      problems.push(
        ...(await problemsOfRound(handle, round, answers)).map((problem) => `round ${round}: ${problem}`),
      )
    }
  } finally {
    for (const { kill } of racing) kill()
    await Promise.all(racing.map(({ ended }) => ended))
    await close()
  }
  return { tried: rounds * processes * (3 + COUNTS_PER_ROUND), problems }
}

async function problemsOfRound(
  { sandboxes }: RegistryHandles,
  round: number,
  answers: readonly RoundMessage[],
): Promise<string[]> {
  const won = (feat: RegistryFeat) =>
    answers.flatMap((answer) => answer.won).filter((one) => one === feat).length
  const counter = await sandboxes.findById('counter', TRIAL_NOW)
  const counted = 1 + (round + 1) * answers.length * COUNTS_PER_ROUND
  const owner = await sandboxes.findBySecretHash(trialSecret(`shared ${round}`), TRIAL_NOW)
  const registered = await sandboxes.findById(`id-${round}`, TRIAL_NOW)
  const { items } = await sandboxes.list({ limit: 1000, after: `secret-${round}-` }, TRIAL_NOW)
  const holders = items.filter(({ sandbox_id }) => sandbox_id.startsWith(`secret-${round}-`))
  return [
    ...(['id', 'secret', 'end'] as const)
      .filter((feat) => won(feat) !== 1)
      .map((feat) => `${won(feat)} processes were first of "${feat}"`),
    ...(counter?.revision === counted
      ? []
      : [`the counter is at ${String(counter?.revision)}, not ${counted}`]),
    ...(holders.length === 1 && holders[0]?.sandbox_id === owner?.sandbox_id
      ? []
      : [`${holders.length} sandboxes have the secret that leads to ${String(owner?.sandbox_id)}`]),
    ...(registered === undefined ? ['the ID is not registered'] : []),
    ...((await sandboxes.findById(`ending-${round}`, TRIAL_NOW)) === undefined
      ? []
      : ['the ended one is back']),
  ]
}

async function register({ sandboxes }: RegistryHandles, sandbox_id: string): Promise<void> {
  const record = { sandbox_id, app: '', secrets: [], created_at: TRIAL_NOW, revision: 1 }
  await sandboxes.register(record, TRIAL_NOW)
}
