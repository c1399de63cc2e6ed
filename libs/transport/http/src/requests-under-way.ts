import { HttpRefusal } from './http-refusal.ts'

/** Runs something for a runner unless as much is under way for it as may be. */
export type LimitForRunner = <T>(runnerId: string, run: () => Promise<T>) => Promise<T>

/**
 * Makes a {@link LimitForRunner}: whoever has taken over a runner must not keep the issuer from signing for the others. It
 * counts what is really under way, also for a client that no longer waits for it.
 *
 * @param most how much may be under way for a runner at once; beyond it the answer is 429 `slow_down`.
 */
export function createLimitForRunner(most: number): LimitForRunner {
  const underWay = new Map<string, number>()
  return async (runnerId, run) => {
    const before = underWay.get(runnerId) ?? 0
    if (before >= most) throw tooMany(most)
    underWay.set(runnerId, before + 1)
    try {
      return await run()
    } finally {
      const left = (underWay.get(runnerId) ?? 1) - 1
      if (left > 0) underWay.set(runnerId, left)
      else underWay.delete(runnerId)
    }
  }
}

function tooMany(most: number): HttpRefusal {
  return new HttpRefusal({
    status: 429,
    error: 'slow_down',
    description: `${most} requests of this runner for tokens are under way`,
    headers: { 'retry-after': '1' },
  })
}
