import { createTokenFileKeeper } from '@workload-identity/runner'
import { createMemoryFolder, createTestSource, createVirtualTime } from '@workload-identity/runner/testing'

/** What is simulated. */
export interface SimulatedDayOptions {
  readonly files: number
  readonly hours: number
  /** Numbers from 0 up to but not including 1. */
  readonly random: () => number
}

/** What a node went through in that time. */
export interface SimulatedDay {
  readonly refreshed: number
  /** Calls upstream in each minute. */
  readonly callsPerMinute: readonly number[]
  /** Files without a token that counts, at the worst moment after all had one. */
  readonly expired: number
  /** Bytes in use after each hour, when the process can be asked to collect its garbage. */
  readonly heap: readonly number[]
}

/** One keeper with so many files, each of its own sandbox with tokens of an hour, through so many hours. */
export async function simulateDay({ files, hours, random }: SimulatedDayOptions): Promise<SimulatedDay> {
  const time = createVirtualTime()
  const source = createTestSource(time.clock)
  const keeper = createTokenFileKeeper({
    ...{ directory: '/', folder: createMemoryFolder(), random },
    proxy: source,
    ...time,
  })
  await keeper.start()
  source.publish(Array.from({ length: files }, (_, at) => ({ sandbox_id: `sandbox-${at}` })))
  const callsPerMinute: number[] = []
  const heap: number[] = []
  let expired = 0
  for (let minute = 0; minute < hours * 60; minute += 1) {
    const before = source.calls()
    await time.pass(60_000)
    callsPerMinute.push(source.calls() - before)
    const { without, files: kept } = keeper.state()
    // Missing ones count, too.
    if (minute > 0) expired = Math.max(expired, without + files - kept)
    if (minute % 60 === 59) {
      globalThis.gc?.()
      heap.push(process.memoryUsage().heapUsed)
    }
  }
  const { refreshed } = keeper.state()
  await keeper.stop()
  return { refreshed, callsPerMinute, expired, heap }
}
