/** Something outside of the process that is read again and again, such as a secret in a file. */
export interface FollowedReading<T> {
  /** The last reading that could be used. */
  current(): T
  /** Reads again and takes over what changed. What cannot be used leaves the last reading in force. */
  refresh(): void
}

/** What {@link createFollowedReading} needs. */
export interface FollowedReadingOptions<T> {
  /** Reads it, or throws. */
  readonly read: () => T
  readonly isSame: (one: T, other: T) => boolean
  /** Called after another reading was taken over. */
  readonly onChanged?: (value: T) => void
  /** It cannot be used now, and the last reading stays. Called once for each problem. */
  readonly onProblem: (error: unknown) => void
}

/**
 * Makes a {@link FollowedReading}, reading for the first time; what that throws goes through. A problem is what a change
 * looks like half-way (a certificate without its key yet), so it is told only when the next look finds the same one.
 */
export function createFollowedReading<T>(options: FollowedReadingOptions<T>): FollowedReading<T> {
  const { read, isSame, onChanged, onProblem } = options
  let current = read()
  let problem: { readonly text: string; readonly isReported: boolean } | undefined

  const note = (error: unknown) => {
    const text = String(error)
    const isAgain = problem?.text === text
    if (isAgain && problem?.isReported === false) onProblem(error)
    problem = { text, isReported: isAgain }
  }
  return {
    current: () => current,
    refresh() {
      let value: T
      try {
        value = read()
      } catch (error) {
        note(error)
        return
      }
      problem = undefined
      if (isSame(value, current)) return
      current = value
      onChanged?.(value)
    },
  }
}
