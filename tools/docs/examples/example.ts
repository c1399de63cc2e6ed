/** A request with its answer, as the document shows it and a test sends it. */
export interface OperationExample {
  readonly summary: string
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly status: number
  /** What the request shows instead of the credential it needs. */
  readonly credential?: 'none' | 'unknown' | 'read-only'
  /** The body of the answer; absent when there is none. */
  readonly answer?: unknown
}

/** Examples by operation ID, then by name. */
export type OperationExamples = Readonly<Record<string, Readonly<Record<string, OperationExample>>>>

/** An error answer. */
export function refused(error: string, error_description: string) {
  return { error, error_description }
}
