import { ConfigurationError } from '@workload-identity/service'
import type { Admin } from '@workload-identity/transport-http'
import type { Logger } from 'pino'
import {
  createAdminTokenFile,
  findCreationProblem,
  fingerprintFile,
  readAdminTokenFile,
  type AdminTokenFile,
} from './admin-token-file.ts'
import { findAdmin } from './admin-token-list.ts'

/** The admins of an issuer, as its admin-token file names them at the moment. */
export interface AdminTokens {
  /** Whose token it is; takes the same time for every token. */
  authenticate(token: string): Admin | undefined
  /**
   * Looks whether the file changed and takes over what it says now.
   *
   * A file that cannot be read, is open to others or has a mistake in it says nothing: the tokens of before stay, and
   * the log tells of it. A file that is gone or has no token in it says that there are no admins: taking the tokens
   * away is how an operator locks administrators out, so from then on none is accepted.
   */
  refresh(): void
}

/** What {@link openAdminTokens} needs. */
export interface OpenAdminTokensOptions {
  readonly path: string
  /** Whether a missing file is made, with a random token. */
  readonly createWhenMissing: boolean
  readonly logger: Logger
}

/**
 * What is wrong with the admin-token file at `path`, as a sentence that never quotes it; `undefined` when nothing is, or
 * when it is missing.
 */
export function findAdminTokenProblem(path: string): string | undefined {
  try {
    const file = readAdminTokenFile(path)
    return file?.tokens.length === 0
      ? `the admin-token file ${path} holds no token: write one into it`
      : undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

/** Why there is no admin-token file to start with, as a sentence, unless it is there or can be made. Makes nothing. */
export function findMissingAdminTokens(path: string, createWhenMissing: boolean): string | undefined {
  if (fingerprintFile(path) !== undefined) return undefined
  if (createWhenMissing) return findCreationProblem(path)
  return `the admin-token file ${path} does not exist: make it with mode 0600 and one token of at least 32 characters; replicas share one`
}

/**
 * Reads the admin-token file, after making it when it is missing and may be made. The log says where it is, never what
 * is in it.
 *
 * @throws {ConfigurationError} when there are no tokens to start with, or the file is open to others.
 */
export function openAdminTokens({ path, createWhenMissing, logger }: OpenAdminTokensOptions): AdminTokens {
  if (createWhenMissing && fingerprintFile(path) === undefined && createAdminTokenFile(path)) {
    logger.info({ path }, 'made an admin-token file with a random token; only its owner can read it')
  }
  const problem = findAdminTokenProblem(path) ?? findMissingAdminTokens(path, false)
  if (problem !== undefined) throw new ConfigurationError(problem)
  let current: AdminTokenFile | undefined = readAdminTokenFile(path)
  let seen = current?.fingerprint

  const reload = () => {
    current = readAdminTokenFile(path)
    const admins = current?.tokens.length ?? 0
    if (admins > 0) logger.info({ path, admins }, 'read the admin-token file again')
    else
      logger.error(
        { path },
        'the admin-token file is gone or empty: no admin token is accepted until it is back',
      )
  }
  return {
    authenticate: (token) => findAdmin(current?.tokens ?? [], token),
    refresh() {
      const fingerprint = fingerprintFile(path)
      if (fingerprint === seen) return
      seen = fingerprint
      try {
        reload()
      } catch (err) {
        logger.error(
          { err },
          'the changed admin-token file cannot be used: the tokens of before stay in force',
        )
      }
    },
  }
}
