/** Has things done one after the other that have the same key, and at once what has different ones. */
export interface Turns {
  /** Does `work` after everything that was taken for that key before, whatever became of it, and gives what it gives. */
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>
  /** Resolves when nothing is under way or waits. */
  idle(): Promise<void>
}

/** Makes {@link Turns}. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    take(key, work) {
      const turn = (last.get(key) ?? Promise.resolve()).then(work)
      const settled = turn
        .catch(() => undefined)
        .then(() => {
          if (last.get(key) === settled) last.delete(key)
        })
      last.set(key, settled)
      return turn
    },
    async idle() {
      while (last.size > 0) await Promise.all(last.values())
    },
  }
}
