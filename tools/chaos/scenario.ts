import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createBackground } from './background.ts'
import { createController, type Controller } from './controller.ts'
import { createEndProbes, type EndProbes } from './end-probes.ts'
import { createFault } from './faults.ts'
import { startIssuerCluster, type IssuerCluster } from './issuer-cluster.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { AUDIENCE, mint } from './mint.ts'
import { restoreRegistry } from './restore-registry.ts'
import type { Round, ScenarioName } from './schedule.ts'
import { startStore, type ChaosStore } from './stores.ts'
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts'
import { waitUntilHealed } from './wait-until-healed.ts'

/** How a scenario is played. */
export interface ScenarioOptions {
  readonly scenario: ScenarioName
  readonly rounds: readonly Round[]
  /** No round begins after that many milliseconds. */
  readonly budgetMs: number
  readonly seed: number
  readonly replicas: number
  readonly storeLagSeconds: number
  /** Requests for tokens per second, of all replicas together, when nothing is wrong. */
  readonly rate: number
  readonly folder: string
  /** Told what goes on, a line each time. */
  readonly onProgress: (line: string) => void
}

/** What came of a scenario. */
export interface ScenarioOutcome {
  readonly ledger: Ledger
  readonly keys: number
  /** The most resident memory of each replica, in bytes. */
  readonly memoryPeaks: readonly number[]
  /** Tokens that had not ended at the end, each of which verified by all replicas, or is a violation. */
  readonly verifiedAtTheEnd: number
  readonly rounds: number
}

interface Stage {
  readonly store: ChaosStore
  readonly cluster: IssuerCluster
  readonly controller: Controller
  readonly ledger: Ledger
  readonly verifier: TokenVerifier
  readonly probes: EndProbes
}

/** What an ended sandbox may still do on other replicas, and how long a key may take to them (design.md §5). */
const OTHERS_NOTICE_MS = 2000
/** An issuer that takes more leaks. It takes a third of that under this load. */
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024
const LOAD_WORKERS_PER_REPLICA = 3
const LOOK_EVERY_MS = 300
const VERIFY_EVERY_MS = 40
const CHANGE_EVERY_MS = 250
const PROBE_EVERY_MS = 20
const TTL_SECONDS = 3600
const SHORT_TTL_SECONDS = 60

/** Starts a store and issuers, plays the rounds under load, and stops all of them, also when something fails. */
export async function playScenario(options: ScenarioOptions): Promise<ScenarioOutcome> {
  const { scenario, seed, replicas, storeLagSeconds, onProgress } = options
  const folder = join(options.folder, scenario)
  mkdirSync(folder, { mode: 0o700 })
  const delays = { onOthersMs: OTHERS_NOTICE_MS, storeLagMs: storeLagSeconds * 1000 }
  const ledger = createLedger(delays, (text) => onProgress(`VIOLATION ${scenario} ${text}`))
  const store = await startStore(scenario, replicas)
  try {
    const { storeUrl } = store
    const cluster = await startIssuerCluster({ folder, size: replicas, storeUrl, storeLagSeconds, ledger })
    const probes = createEndProbes(cluster, { ledger, delays })
    const { before: beforeEnd } = probes
    const controller = createController(cluster, { ledger, seed, name: scenario, beforeEnd })
    const verifier = createTokenVerifier(ledger, { issuer: cluster.issuerUrl, audience: AUDIENCE })
    const stage = { store, cluster, controller, ledger, verifier, probes }
    const played = await playRounds(options, stage)
    ledger.openRow(`${scenario}: at the end`)
    for (const replica of cluster.living()) await lookAt(replica, stage)
    const verifiedAtTheEnd = await verifier.verifyAll()
    const memoryPeaks = cluster.memoryPeaks()
    for (const [index, peak] of memoryPeaks.entries()) {
      if (peak > MEMORY_LIMIT_BYTES) ledger.violation(`replica ${index} took ${peak} bytes of memory`)
    }
    await cluster.stop()
    return { ledger, keys: ledger.keyCount(), memoryPeaks, verifiedAtTheEnd, rounds: played }
  } finally {
    await store.stop()
  }
}

async function playRounds(options: ScenarioOptions, stage: Stage): Promise<number> {
  const { scenario, rounds, budgetMs, onProgress } = options
  const { ledger, controller, cluster } = stage
  const giveUpAt = performance.now() + budgetMs
  ledger.openRow(`${scenario}: no fault yet`)
  const background = startBackground(options, stage)
  while (controller.someoneLive() === undefined) await wait(50)
  onProgress(`${scenario}: ${cluster.size} issuers under load`)
  let played = 0
  for (const round of rounds) {
    if (performance.now() > giveUpAt) break
    await playRound(round, options, stage)
    played += 1
    await wait(round.restMs)
  }
  await background.stop()
  return played
}

async function playRound(
  round: Round,
  { scenario, onProgress }: ScenarioOptions,
  stage: Stage,
): Promise<void> {
  const { ledger, cluster } = stage
  const row = ledger.openRow(`${scenario}: ${round.fault}`)
  row.faults += 1
  const fault = createFault(round, stage)
  const outage = ledger.beginOutage(fault.replicas)
  await fault.make()
  if (fault.isDark) outage.darkFrom = performance.now()
  const killed = new Set(round.fault === 'replicas-killed' ? round.replicas : [])
  const revived: Promise<void>[] = []
  await wait(round.holdMs / 2)
  if (round.alsoKilled !== undefined) {
    killed.add(round.alsoKilled)
    await cluster.kill(round.alsoKilled)
  }
  // As a supervisor does, at once, even if the store is away.
  for (const replica of killed) revived.push(cluster.revive(replica))
  await wait(round.holdMs / 2)
  outage.liftedAt = performance.now()
  await fault.lift()
  if (fault.losesRegistry) await restoreRegistry(stage)
  const missedLast = await waitUntilHealed(stage)
  await Promise.all(revived)
  outage.healedAt = performance.now()
  const healedMs = outage.healedAt - outage.liftedAt
  row.healedMs.push(healedMs)
  const also = round.alsoKilled === undefined ? '' : `, replica ${round.alsoKilled} killed`
  const where = fault.replicas.length === 0 ? round.replicas : fault.replicas
  onProgress(
    `${scenario}: ${round.fault} for ${round.holdMs} ms at ${where.join(' ')}${also}; healed after ${Math.round(healedMs)} ms${missedLast === undefined ? '' : `, last ${missedLast.trim()}`}`,
  )
}

/** The load, the changes of sandboxes, the looks at JWKS and liveness, and the verification: all at once until stopped. */
function startBackground({ rate, replicas }: ScenarioOptions, stage: Stage) {
  const { cluster, controller, ledger, verifier, probes } = stage
  const background = createBackground()
  const workers = replicas * LOAD_WORKERS_PER_REPLICA
  const livingOne = (index: number) => cluster.living().find((replica) => replica.index === index)
  for (let worker = 0; worker < workers; worker += 1) {
    let minted = 0
    background.repeat((workers * 1000) / rate, async () => {
      const replica = livingOne(worker % replicas)
      minted += 1
      const ttl = minted % 10 === 0 ? SHORT_TTL_SECONDS : TTL_SECONDS
      if (replica !== undefined) await mint(replica, controller.nextToAsk(), { ledger, ttl })
    })
  }
  for (let index = 0; index < replicas; index += 1) {
    background.repeat(LOOK_EVERY_MS, async () => {
      const replica = livingOne(index)
      if (replica !== undefined) await lookAt(replica, stage)
      cluster.sampleMemory()
    })
  }
  background.repeat(VERIFY_EVERY_MS, () => verifier.verifySome(Math.ceil(rate / 10)))
  background.repeat(CHANGE_EVERY_MS, () => controller.change())
  background.repeat(PROBE_EVERY_MS, () => probes.after(controller))
  return background
}

/** What monitoring and relying parties see of a replica: it is live, and publishes keys. */
async function lookAt(
  replica: ReturnType<IssuerCluster['living']>[number],
  { ledger, verifier }: Pick<Stage, 'ledger' | 'verifier'>,
): Promise<void> {
  const alive = await replica.ask('control', '/livez')
  if (alive !== undefined && alive.status !== 200) {
    ledger.violation(`replica ${replica.index} answered ${alive.status} for its liveness: ${alive.text}`)
  }
  const jwks = await replica.ask('public', '/.well-known/jwks.json')
  if (jwks === undefined) return
  if (jwks.status !== 200) {
    ledger.violation(`replica ${replica.index} answered ${jwks.status} for its JWKS: ${jwks.text}`)
    return
  }
  const kids = verifier.update(replica.index, jwks.text)
  ledger.published({ replica: replica.index, sentAt: jwks.sentAt, answeredAt: jwks.answeredAt, kids })
}
