import { isIssuerError } from '@workload-identity/core'
import { SettingsError } from '@workload-identity/settings'

/** Exit code of a process that was told something wrong (`EX_CONFIG` of sysexits.h). */
export const EXIT_CONFIG = 78

/** Exit code of a process that failed for any other reason. */
export const EXIT_FAILURE = 1

/** A refusal to start for a reason in the configuration or the files it names; the message says what to do. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** Why a process does not start: what to print and the code to exit with. */
export interface StartFailure {
  readonly exitCode: number
  readonly message: string
}

const systemReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use by another process: stop it or choose another address',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'permission is denied',
  EPERM: 'the operation is not permitted',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  ENOTFOUND: 'the host name cannot be resolved',
}

/**
 * Explains a failed start in one sentence for the operator, without a stack for everything that can be expected to go
 * wrong. A changed issuer URL is a mistake in the configuration; whatever is wrong with a store is not.
 */
export function describeStartFailure(error: unknown): StartFailure {
  if (error instanceof SettingsError || error instanceof ConfigurationError) {
    return { exitCode: EXIT_CONFIG, message: error.message }
  }
  if (isIssuerError(error)) {
    const exitCode = isIssuerError(error, 'ERR_ISSUER_URL_CHANGED') ? EXIT_CONFIG : EXIT_FAILURE
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

/** Only errors of the operating system explain anything to an operator; others may quote what they tripped over. */
function describeCause(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  const where = [readMember(error, 'path'), readMember(error, 'address'), readMember(error, 'port')]
  const place = where.filter((part) => part !== undefined).join(':')
  const reason = systemReasons[error.code]
  if (reason !== undefined)
    return place === '' ? `${reason} (${error.code})` : `${place}: ${reason} (${error.code})`
  return 'syscall' in error || error.code.startsWith('SQLITE_') ? error.message : undefined
}

function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return 'an unexpected failure'
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return [`unexpected ${error.name}: ${error.message}`, ...frames].join('\n')
}

function readMember(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
