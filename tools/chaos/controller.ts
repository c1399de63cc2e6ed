import { createSeededRandom } from '@workload-identity/contracts/trials'
import { generateSecret, hashSecret } from '@workload-identity/core'
import type { IssuerCluster, LivingReplica } from './issuer-cluster.ts'
import type { Ledger } from './ledger.ts'
import { UNKNOWN_SECRET, type Asking } from './mint.ts'
import type { SandboxHistory } from './judge-mint.ts'

/** A sandbox as its controller knows it. */
export interface ControlledSandbox {
  readonly history: SandboxHistory
  readonly secret: string
  readonly secretHash: string
  /** Requests to register or end it that were sent: with more than one, the answer may tell what another one did. */
  registrations: number
  ends: number
}

/** Whoever registers and ends sandboxes, and tries again until it knows what became of it. */
export interface Controller {
  /** Who asks for the next token: mostly somebody live, sometimes somebody who was ended lately, sometimes nobody. */
  nextToAsk(): Asking
  /** Somebody who is live and known to the registry, as far as the controller knows. */
  someoneLive(): Asking | undefined
  /** Registers or ends a sandbox, or tries what did not succeed again. */
  change(): Promise<void>
  /** Registers a sandbox through a replica; whether that was done. */
  registerThrough(replica: LivingReplica): Promise<boolean>
  readonly sandboxes: readonly ControlledSandbox[]
  /** While the registry is being restored nothing else is changed. */
  isRestoring: boolean
  /** Registers a sandbox again that the registry lost, with the secret it holds; whether that was done. */
  restore(sandbox: ControlledSandbox, replica: LivingReplica): Promise<boolean>
}

/** What a controller is made with. */
export interface ControllerOptions {
  readonly ledger: Ledger
  readonly seed: number
  /** What the IDs of its sandboxes begin with. */
  readonly name: string
  /** Called before a sandbox is ended for the first time. */
  readonly beforeEnd: (asking: Asking) => Promise<void>
}

/** How many sandboxes are live at least and at most, but for the moments in which some are registered to prove healing. */
const FEWEST_LIVE = 6
const MOST_LIVE = 14

/** An ended sandbox asks on for that long, in milliseconds: mostly just before and after the delays are over. */
const ASKS_AFTER_END_MS = 12_000

/**
 * A sandbox is ended at this age at the earliest, in milliseconds: a registration that got stuck on the way must not come
 * after the end.
 */
const YOUNGEST_ENDED_MS = 6000

/** Makes a controller of nobody yet. */
export function createController(
  cluster: IssuerCluster,
  { ledger, seed, name, beforeEnd }: ControllerOptions,
): Controller {
  const random = createSeededRandom(seed)
  const sandboxes: ControlledSandbox[] = []
  const pick = <T>(items: readonly T[]): T | undefined => items[random.below(Math.max(1, items.length))]
  const asking = ({ secret, history }: ControlledSandbox): Asking => ({ secret, history })

  let made = 0
  const newSandbox = async (): Promise<ControlledSandbox> => {
    made += 1
    const sandboxId = `${name}-${made}`
    const secret = generateSecret('sandbox')
    const history: SandboxHistory = { sandboxId, askedAt: performance.now(), endTried: [], unknown: [] }
    const secretHash = await hashSecret(secret)
    const sandbox = { history, secret, secretHash, registrations: 0, ends: 0 }
    sandboxes.push(sandbox)
    return sandbox
  }

  const register = async (sandbox: ControlledSandbox, replica: LivingReplica): Promise<boolean> => {
    const { history } = sandbox
    sandbox.registrations += 1
    const json = { sandbox_id: history.sandboxId, app: 'chaos', secret_sha256: sandbox.secretHash }
    const answer = await replica.control('/v1/sandboxes', { method: 'POST', json })
    if (answer === undefined || answer.status === 503) return false
    if (answer.status !== 201 && (answer.status !== 409 || sandbox.registrations === 1)) {
      ledger.violation(`${history.sandboxId} could not be registered: ${answer.status} ${answer.text}`)
      return false
    }
    history.liveAt ??= answer.answeredAt
    for (const gap of history.unknown) gap.to ??= answer.answeredAt
    return true
  }

  const end = async (sandbox: ControlledSandbox, replica: LivingReplica): Promise<void> => {
    const { history } = sandbox
    const { index, starts } = replica
    sandbox.ends += 1
    history.endAskedAt ??= performance.now()
    const path = `/v1/sandboxes/${encodeURIComponent(history.sandboxId)}`
    const answer = await replica.control(path, { method: 'DELETE' })
    if (answer === undefined) return
    const { status, answeredAt: at, text } = answer
    if (status === 503) {
      history.endTried.push({ replica: { index, starts }, at })
    } else if (status === 204 || (status === 404 && (sandbox.ends > 1 || history.unknown.length > 0))) {
      history.ended = { replica: { index, starts }, at }
    } else {
      ledger.violation(`${history.sandboxId}, live, could not be ended: ${status} ${text}`)
    }
  }

  const isLive = ({ history }: ControlledSandbox) =>
    history.liveAt !== undefined && history.endAskedAt === undefined
  const isUnsure = ({ history, ends }: ControlledSandbox) =>
    history.liveAt === undefined || (ends > 0 && history.ended === undefined)

  return {
    sandboxes,
    isRestoring: false,
    nextToAsk() {
      const chance = random.below(100)
      const now = performance.now()
      if (chance < 4) return { secret: UNKNOWN_SECRET }
      const endedLately = sandboxes.filter(
        ({ history: { endAskedAt } }) => endAskedAt !== undefined && now - endAskedAt < ASKS_AFTER_END_MS,
      )
      const chosen = pick(chance < 40 ? endedLately : []) ?? pick(sandboxes.filter(isLive))
      return chosen === undefined ? { secret: UNKNOWN_SECRET } : asking(chosen)
    },
    someoneLive() {
      const known = sandboxes.filter(
        (sandbox) => isLive(sandbox) && sandbox.history.unknown.every(({ to }) => to !== undefined),
      )
      const chosen = pick(known)
      return chosen && asking(chosen)
    },
    async change() {
      const replica = pick(cluster.living())
      if (this.isRestoring || replica === undefined) return
      const unsure = pick(sandboxes.filter(isUnsure))
      const live = sandboxes.filter(isLive)
      const oldEnough = live.filter(
        ({ history }) => performance.now() - (history.liveAt ?? Infinity) > YOUNGEST_ENDED_MS,
      )
      const isEnding = live.length > MOST_LIVE || (live.length > FEWEST_LIVE && random.below(2) === 0)
      const chosenToEnd = isEnding ? pick(oldEnough) : undefined
      if (unsure !== undefined) {
        await (unsure.ends > 0 ? end(unsure, replica) : register(unsure, replica))
      } else if (chosenToEnd !== undefined) {
        await beforeEnd(asking(chosenToEnd))
        await end(chosenToEnd, replica)
      } else if (live.length <= MOST_LIVE) {
        await register(await newSandbox(), replica)
      }
    },
    registerThrough: async (replica) => register(await newSandbox(), replica),
    restore: (sandbox, replica) => register(sandbox, replica),
  }
}
