import { isIssuerError, type IssuerErrorCode } from '@workload-identity/core'

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * Passes when the function throws, or the promise behind `.rejects` is rejected with, an `IssuerError` of that code.
     * Needs `expect.extend({ toThrowWithCode })`, which every contract does for its test file.
     */
    toThrowWithCode(code: IssuerErrorCode): R
  }
}

/**
 * The Vitest matcher behind `expect(work).toThrowWithCode(code)` and `expect(promise).rejects.toThrowWithCode(code)`.
 * Compares the code only: texts are for people and may change.
 */
export function toThrowWithCode(received: unknown, code: IssuerErrorCode) {
  const thrown = typeof received === 'function' ? thrownBy(received as () => unknown) : received
  return {
    pass: isIssuerError(thrown, code),
    message: () => `expected an IssuerError with code ${code}, got ${describeThrown(thrown)}`,
  }
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

function describeThrown(thrown: unknown): string {
  if (thrown === undefined) return 'no error'
  if (isIssuerError(thrown)) return `${thrown.code}: ${thrown.message}`
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `a thrown ${typeof thrown}`
}
