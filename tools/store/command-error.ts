/** A command that cannot be carried out; the message says why, for the operator. */
export class StoreCommandError extends Error {
  override readonly name = 'StoreCommandError'
  /** 78 for a mistake in what was asked for, 1 for everything else. */
  readonly exitCode: 1 | 78

  constructor(message: string, exitCode: 1 | 78) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A mistake in the arguments or in a file that they name. */
export function mistake(message: string): StoreCommandError {
  return new StoreCommandError(message, 78)
}
