import { vi } from 'vitest'
import type { ContractCase, DisposableHarness } from './contract-case.ts'

/** The names of the cases that a store fails, in the order of the contract. Waits of a case take no time. */
export async function failingCases<H extends DisposableHarness>(
  cases: readonly ContractCase<H>[],
  createHarness: () => Promise<H>,
): Promise<string[]> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const failing: string[] = []
    for (const { name, run } of cases) {
      const harness = await createHarness()
      if (!(await holds(run(harness)))) failing.push(name)
      await harness.destroy()
    }
    return failing
  } finally {
    vi.useRealTimers()
  }
}

async function holds(running: Promise<void>): Promise<boolean> {
  let outcome: boolean | undefined
  const settled = running.then(
    () => (outcome = true),
    () => (outcome = false),
  )
  while (outcome === undefined) await vi.advanceTimersByTimeAsync(1000)
  return settled
}
