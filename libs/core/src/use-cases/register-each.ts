import { IssuerError } from '../errors.ts'
import type { RegistrationOutcome, SandboxRecord } from '../ports/sandbox-registry.ts'

/**
 * Registers records one by one and gives the outcome of each, in the order of the records: how a registry does
 * `registerAll` that has nothing quicker.
 *
 * @param concurrency how many are under way at once, 1 or more. With 1 the first of two with the same ID wins.
 * @throws whatever `register` throws that is no {@link IssuerError}.
 */
export async function registerEach(
  records: readonly SandboxRecord[],
  register: (record: SandboxRecord) => Promise<void>,
  concurrency = 1,
): Promise<readonly RegistrationOutcome[]> {
  const outcomes: RegistrationOutcome[] = records.map(() => undefined)
  const waiting = records.entries()
  const work = async () => {
    for (const [index, record] of waiting) {
      outcomes[index] = await register(record).then(() => undefined, asOutcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, records.length) }, work))
  return outcomes
}

function asOutcome(error: unknown): IssuerError {
  if (error instanceof IssuerError) return error
  throw error
}
