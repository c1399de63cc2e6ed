import { IssuerError } from '@workload-identity/core'
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino'
import { openStandardOutput } from './log-destination.ts'
import { createRedactNested, REDACTED } from './redact-nested.ts'

/** What a log line says of an error: never a stored document, which the text of a failed parse would quote. */
export interface LoggedError {
  readonly type: string
  readonly code?: string
  readonly message?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly stack?: readonly string[]
  readonly cause?: LoggedError
}

/** Members of log objects that are replaced, wherever they are. */
const secretMembers = [
  ...[
    'authorization',
    'cookie',
    'secret',
    'secrets',
    'secret_sha256',
    'token',
    'tokens',
    'value',
    'password',
  ],
  ...['private', 'document', 'env', 'WORKLOAD_IDENTITY_TOKEN_SECRET', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
]
const redactNested = createRedactNested(new Set(secretMembers))

/**
 * The logger of the process: one JSON object a line, without process ID and host name (who collects logs adds those).
 * Members that could hold a secret are redacted even if somebody logs one by mistake.
 *
 * @param destination where lines go; the standard output when not given.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const logger: Logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactNested },
      redact: { paths: [...secretMembers], censor: REDACTED },
      serializers: {
        err: describeRedacted,
        error: (value: unknown) => (value instanceof Error ? describeRedacted(value) : value),
      },
    },
    destination ??
      openStandardOutput((batches) => {
        logger.error({ lost_batches: batches }, 'log lines were lost: nobody read the standard output')
      }),
  )
  return logger
}

function describeRedacted(error: unknown): object {
  return redactNested({ error: describeError(error) })['error'] as object
}

/**
 * The parts of an error that may be logged. Its text is left out where it may quote what was being parsed (a
 * `SyntaxError` of JSON shows a piece of the document); the stack only says where, and only for errors nobody expects.
 */
export function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error }
  const cause = error.cause === undefined ? undefined : describeError(error.cause)
  if (error instanceof IssuerError) {
    return {
      type: error.name,
      code: error.code,
      message: error.message,
      ...(Object.keys(error.details).length > 0 && { details: error.details }),
      ...(cause !== undefined && { cause }),
    }
  }
  const code: unknown = Reflect.get(error, 'code')
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    ...(!(error instanceof SyntaxError) && { message: error.message }),
    ...(typeof code !== 'string' && { stack: frames.map((frame) => frame.trim()) }),
    ...(cause !== undefined && { cause }),
  }
}
