import { describe, expect, it } from 'vitest'
import { toThrowWithCode } from './to-throw-with-code.ts'

/** One sentence of a contract as a test: `name` says what must hold, `run` is rejected when it does not. */
export interface ContractCase<H> {
  readonly name: string
  run(harness: H): Promise<void>
}

/** Whatever a harness offers besides, it clears up after itself. */
export interface DisposableHarness {
  /** Closes every handle that was opened and deletes the storage. */
  destroy(): Promise<void>
}

/** Registers every case as a Vitest test under `title`, each with a harness, and so a storage, of its own. */
export function describeContract<H extends DisposableHarness>(
  title: string,
  cases: readonly ContractCase<H>[],
  createHarness: () => Promise<H>,
): void {
  expect.extend({ toThrowWithCode })
  describe(title, () => {
    it.each(cases)('$name', async ({ run }) => {
      const harness = await createHarness()
      try {
        await run(harness)
      } finally {
        await harness.destroy()
      }
    })
  })
}
