import { isIssuerError, type IssuerErrorCode } from '@workload-identity/core'
import { SettingsError } from '@workload-identity/settings'
import { ListenError, TlsFilesError } from '@workload-identity/transport-http'

/** Exit code of a process that was told something wrong (`EX_CONFIG` of sysexits.h). */
export const EXIT_CONFIG = 78

/** Exit code of a process that failed for any other reason. */
export const EXIT_FAILURE = 1

/** A refusal to start for a reason in the configuration or the files it names; the message says what to do. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** A refusal to start on something that is not fit for it; the message says why and what to do. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError'
}

/** Why a process does not start: what to print and the code to exit with. */
export interface StartFailure {
  readonly exitCode: number
  readonly message: string
}

const configurationErrors = [SettingsError, ConfigurationError, TlsFilesError]

/**
 * Explains a failed start in one sentence for the operator, without a stack for everything that can be expected to go
 * wrong. What is wrong with a store or with the network is no mistake in the configuration.
 *
 * @param configurationCodes codes of core that are mistakes in the configuration of this service.
 */
export function describeStartFailure(
  error: unknown,
  configurationCodes: readonly IssuerErrorCode[] = [],
): StartFailure {
  if (configurationErrors.some((type) => error instanceof type)) {
    return { exitCode: EXIT_CONFIG, message: (error as Error).message }
  }
  if (error instanceof ListenError || error instanceof StartRefusedError)
    return { exitCode: EXIT_FAILURE, message: error.message }
  if (isIssuerError(error)) {
    const exitCode = configurationCodes.includes(error.code) ? EXIT_CONFIG : EXIT_FAILURE
    const reason = describeCause(error.cause)
    return {
      exitCode,
      message: `${error.message}${reason === undefined ? '' : ` (${reason})`} [${error.code}]`,
    }
  }
  const reason = describeCause(error)
  if (reason !== undefined) return { exitCode: EXIT_FAILURE, message: reason }
  return { exitCode: EXIT_FAILURE, message: describeUnexpected(error) }
}

/** Only errors of the operating system and of SQLite explain anything to an operator; others may quote what they tripped over. */
function describeCause(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return 'syscall' in error || error.code.startsWith('SQLITE_') ? error.message : undefined
}

function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return 'an unexpected failure'
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return [`unexpected ${error.name}: ${error.message}`, ...frames].join('\n')
}
