import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import {
  formatMoment,
  type Clock,
  type MadeStep,
  type MintedToken,
  type RunnerRecord,
  type TokenRequestFacts,
  type SandboxRecord,
} from '@workload-identity/core'
import { ConfigurationError } from '@workload-identity/service'
import type { AdminAction } from '@workload-identity/transport-http'
import type { Logger } from 'pino'

/** Something that an audit must be able to tell later. Holds no secret, no token and no private key. */
export type AuditEvent =
  | ({ readonly event: 'admin_action' } & AdminAction)
  | ({ readonly event: 'token_minted' } & MintedTokenFacts)
  | {
      readonly event: 'key_created' | 'key_adopted'
      readonly kid: string
      readonly alg: string
    }
  | { readonly event: 'key_rotated'; readonly step: MadeStep['type']; readonly kid: string }
  | { readonly event: 'issuer_started' | 'issuer_stopped'; readonly issuer: string }

/** A token that a sandbox got, itself or through its runner (`runner_id`), or a runner for a system workload; named as those that an admin vouched for. */
export type MintedTokenFacts = Pick<
  AdminAction,
  'sandbox_id' | 'app' | 'runner_id' | 'jti' | 'sub' | 'aud' | 'expires_at'
> & { readonly system_workload?: string } & Partial<TokenRequestFacts>

/** The facts of a minted token that an audit keeps; never the token. */
export function toMintedTokenFacts(
  { claims: { jti, sub, aud, exp } }: Pick<MintedToken, 'claims'>,
  { sandbox_id, app }: Pick<SandboxRecord, 'sandbox_id' | 'app'>,
  facts: TokenRequestFacts | undefined,
): MintedTokenFacts {
  return { sandbox_id, ...(app !== '' && { app }), jti, sub, aud, expires_at: exp, ...facts }
}

/** The facts of a token that a runner got for a system workload; never the token. */
export function toSystemTokenFacts(
  { claims: { jti, sub, aud, exp, system_workload } }: Pick<MintedToken, 'claims'>,
  { runner_id }: Pick<RunnerRecord, 'runner_id'>,
  facts: TokenRequestFacts | undefined,
): MintedTokenFacts {
  const workload = system_workload !== undefined && { system_workload }
  return { ...workload, runner_id, jti, sub, aud, expires_at: exp, ...facts }
}

/** Where audit events go. */
export interface AuditLog {
  /** Appends one line. Does not throw: a line that cannot be written is counted and logged. */
  write(event: AuditEvent): void
  /** How many lines could not be written since the start. */
  failures(): number
  close(): void
}

/** What {@link openAuditLog} needs. */
export interface OpenAuditLogOptions {
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
}

/** An audit log for those who want none. */
export const noAuditLog: AuditLog = { write: () => undefined, failures: () => 0, close: () => undefined }

/**
 * Opens the file for appending, mode 0600; each event is one line of JSON with its `time`, handed to the operating
 * system before the answer goes out (not flushed to disk). The file stays open: rotate it by copy and truncate.
 *
 * @throws {ConfigurationError} when it cannot be opened.
 */
export function openAuditLog({ path, clock, logger }: OpenAuditLogOptions): AuditLog {
  let descriptor: number
  try {
    descriptor = openSync(path, 'a', 0o600)
    if (fstatSync(descriptor).isFile()) fchmodSync(descriptor, 0o600)
  } catch (error) {
    throw cannotOpen(path, systemCode(error))
  }
  let failures = 0
  return {
    write(event) {
      const line = Buffer.from(`${JSON.stringify({ time: formatMoment(clock()), ...event })}\n`)
      try {
        const written = writeSync(descriptor, line)
        if (written < line.length) throw new Error(`wrote ${written} of ${line.length} bytes`)
      } catch (err) {
        failures += 1
        logger.error({ err, path, event: event.event }, 'an audit event could not be written and is lost')
      }
    },
    failures: () => failures,
    close: () => closeSync(descriptor),
  }
}

/** Why {@link openAuditLog} would fail, as far as that can be told without making the file; `undefined` = it would not. */
export function findAuditLogProblem(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) return cannotOpen(path, 'EISDIR').message
    accessSync(found === undefined ? dirname(path) : path, constants.W_OK)
    return undefined
  } catch (error) {
    return cannotOpen(path, systemCode(error)).message
  }
}

function cannotOpen(path: string, code: string): ConfigurationError {
  return new ConfigurationError(`the audit log ${path} cannot be opened for appending (${code})`)
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
