import {
  activeKey,
  applyStep,
  CLOCK_TOLERANCE,
  createKeyRing,
  nextKey,
  planRotation,
  unixSeconds,
  type KeyRing,
  type RotationPolicy,
  type SigningKeyMaterial,
  type UnixSeconds,
} from '@workload-identity/core'
import { highIsUnknown, highIsWorst, lowIsUnknown, type Chooser } from './choose.ts'

/** A ring with the true moment, in milliseconds, at which it was saved. */
export interface RingVersion {
  readonly savedAt: number
  readonly ring: KeyRing
}

/** A time in which all issuers sleep: nothing is signed, served or saved. Milliseconds, both ends excluded. */
interface Sleep {
  readonly from: number
  readonly to: number
}

/** What became of a ring under a policy. */
export interface RingHistory {
  readonly versions: readonly RingVersion[]
  readonly sleeps: readonly Sleep[]
  /** The longest time that a key signed although nothing was late, in seconds beyond `activeFor`; 0 when none did. */
  readonly overstay: number
}

/** How a history comes about. */
export interface HistoryOptions {
  readonly policy: RotationPolicy
  readonly rotations: number
  readonly chooser: Chooser
  /** Whether nothing is ever late and all clocks go alike, so that the plan has to work out to the second. */
  readonly isPunctual: boolean
}

type SimulatedAlgorithm = 'EdDSA' | 'ES256'

const BEGIN = 1_767_225_600_000
const SECOND = 1000

/**
 * The readings of a clock are whole seconds and go wrong by more than 0 and at most the tolerance: any two clocks are
 * apart by less than the tolerance, rounding included. `deviation` is in milliseconds, 1000 … the tolerance.
 */
export function readClock(trueTime: number, deviation: number): UnixSeconds {
  return unixSeconds(Math.floor((trueTime + deviation) / SECOND))
}

/** The least and the greatest deviation that a clock may have. */
export const deviations = { least: SECOND, greatest: CLOCK_TOLERANCE * SECOND } as const

/** The first true moment at which a clock with that deviation reads `moment`. */
export function whenClockReads(moment: number, deviation: number): number {
  return moment * SECOND - deviation
}

/** The ring as a replica sees it that reads the store at that moment: what is saved just then is not seen. */
export function ringReadAt({ versions }: RingHistory, trueTime: number): KeyRing {
  let [low, high] = [0, versions.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((versions[middle]?.savedAt ?? 0) < trueTime) low = middle
    else high = middle - 1
  }
  const version = versions[low]
  if (version === undefined) throw new RangeError('a history without versions')
  return version.ring
}

/** Whether all issuers sleep at that moment. */
export function isAsleep({ sleeps }: RingHistory, trueTime: number): boolean {
  return sleeps.some(({ from, to }) => from < trueTime && trueTime < to)
}

/**
 * Lets replicas rotate the keys of a new ring: at each step some replica, whose clock is wrong as the chooser wants it,
 * asks the real planner and makes the step with the real transitions. Some steps are late, by seconds or by weeks, and
 * sometimes an operator wants another algorithm, so that the next key is published when no cache expects it.
 */
export function rotateForYears({ policy, rotations, chooser, isPunctual }: HistoryOptions): RingHistory {
  const nameKey = createKeyNamer()
  let specification: SimulatedAlgorithm = 'EdDSA'
  const versions: RingVersion[] = [{ savedAt: BEGIN, ring: startRing(nameKey(specification)) }]
  const sleeps: Sleep[] = []
  let overstay = 0
  let active = 0
  while (active < rotations) {
    const { savedAt, ring } = versions.at(-1) as RingVersion
    const isPublishing = nextKey(ring) === undefined
    const deviation = isPunctual
      ? deviations.least
      : chooser.between(deviations.least, deviations.greatest, isPublishing ? lowIsUnknown : highIsUnknown)
    let at: number = planRotation(ring, policy, readClock(savedAt, deviation), specification).at
    const isSettled = isPublishing && activeKey(ring).alg === specification
    if (isSettled && !isPunctual && chooser.oneIn(4, chooser.harm === 'key-not-yet-known')) {
      specification = specification === 'EdDSA' ? 'ES256' : 'EdDSA'
      at = chooseChange(chooser, readClock(savedAt, deviation), at, policy)
    }
    // A replica looks at its ring once a second at most, and some part of a second after its clock went on.
    const due = Math.max(savedAt + SECOND, whenClockReads(at, deviation))
    const part = chooser.between(0, SECOND - 1, isPublishing ? highIsUnknown : lowIsUnknown)
    const trueTime = isPunctual ? due : due + part + chooseDelay(chooser, due, sleeps)
    const now = readClock(trueTime, deviation)
    const { step } = planRotation(ring, policy, now, specification)
    // The clock of this replica is behind the one that dated the active key: it waits.
    if (step === undefined) continue
    const changed =
      step.type === 'publish-next'
        ? applyStep(ring, { type: 'publish-next', key: nameKey(specification) }, now)
        : applyStep(ring, step, now)
    versions.push({ savedAt: trueTime, ring: changed })
    if (step.type !== 'activate') continue
    active += 1
    const signed = now - (activeKey(ring).activated_at ?? now)
    if (isPunctual) overstay = Math.max(overstay, signed - policy.activeFor)
  }
  return { versions, sleeps, overstay }
}

/** When an operator changes the algorithm: worst when caches hold sets for as long as they ever do. */
function chooseChange(
  chooser: Chooser,
  from: number,
  planned: number,
  { jwksMaxAge, storeLag }: RotationPolicy,
): number {
  const calm = planned - 2 * jwksMaxAge - 2 * storeLag - CLOCK_TOLERANCE
  return chooser.between(from, Math.max(from, calm), highIsWorst)
}

/** How late a step is made, in milliseconds: mostly not, some seconds or hours, and sometimes because all slept. */
function chooseDelay(chooser: Chooser, due: number, sleeps: Sleep[]): number {
  if (chooser.oneIn(40, false)) {
    const slept = chooser.between(1, 60 * 86_400 * SECOND, highIsWorst)
    sleeps.push({ from: due - chooser.between(0, 7200 * SECOND, highIsWorst), to: due + slept })
    return slept
  }
  if (chooser.oneIn(8, false)) return chooser.between(0, 6 * 3600 * SECOND, highIsWorst)
  return chooser.oneIn(2, false) ? chooser.between(0, 30 * SECOND, highIsWorst) : 0
}

/** A ring with one key, made when the simulation begins. */
export function startRing(key: SigningKeyMaterial = createKeyNamer()('EdDSA')): KeyRing {
  const id = '00000000-0000-4000-8000-000000000000'
  const ids = { ringId: id, writeId: id, registryId: id }
  const names = { clusterId: 'simulated', issuerUrl: 'https://id.example.com' }
  return createKeyRing({ ...ids, ...names, key }, readClock(BEGIN, deviations.least))
}

/** Keys that have a name and nothing else: nobody signs here. */
function createKeyNamer(): (alg: SimulatedAlgorithm) => SigningKeyMaterial {
  let count = 0
  return (alg) => {
    count += 1
    const half = { kty: alg === 'ES256' ? 'EC' : 'OKP' }
    return { kid: `key-${count}`, alg, public: half, private: { ...half, d: '' } }
  }
}
