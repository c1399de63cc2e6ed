import { isIssuerError, type IssuerErrorDetails } from '@workload-identity/core'

/** An error as it may be logged: an allow-list, since drivers hang whole commands and requests on theirs. */
export interface LoggableError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly details?: IssuerErrorDetails
  readonly stack?: string
  readonly cause?: LoggableError
}

const MAX_CAUSES = 5

/** The error with its causes, at most five deep; the stack only of errors that nobody expected. */
export function describeError(error: unknown, depth = 0): LoggableError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'something that is no error was thrown' }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return {
    type: name,
    message,
    ...(code !== undefined && { code }),
    ...(isIssuerError(error) ? { details: error.details } : stack !== undefined && { stack }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, depth + 1) }),
  }
}
