/**
 * The same store, with every failure of an operation reported to `onFailure` before the caller gets it. Works on ports,
 * whose members are all functions; members a store does not have stay absent.
 */
export function observeStore<T extends object>(store: T, onFailure: (error: unknown) => void): T {
  const observed = Object.entries(store).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'function') return [name, member] as const
    const operation = (...parameters: unknown[]): unknown => {
      try {
        const result: unknown = Reflect.apply(member, store, parameters)
        if (!(result instanceof Promise)) return result
        return result.catch((error: unknown) => {
          onFailure(error)
          throw error
        })
      } catch (error) {
        onFailure(error)
        throw error
      }
    }
    return [name, operation] as const
  })
  return Object.fromEntries(observed) as T
}
