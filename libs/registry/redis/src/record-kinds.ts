import {
  parseRunnerRecord,
  parseSandboxRecord,
  type IssuerErrorCode,
  type RunnerRecord,
  type SandboxRecord,
  type SecretHash,
  type UnixSeconds,
} from '@workload-identity/core'

/** What all records of a registry have. */
export interface RegistryRecord {
  readonly secrets: readonly SecretHash[]
  readonly revision: number
}

/** What tells sandboxes and runners apart, for the code that keeps both. */
export interface RecordKind<T extends RegistryRecord> {
  /** What one of them is called, in sentences and in keys. */
  readonly noun: 'sandbox' | 'runner'
  readonly existsCode: IssuerErrorCode
  readonly notFoundCode: IssuerErrorCode
  idOf(record: T): string
  /** The runner under which it is listed, and from when on it no longer exists; absent = none, never. */
  placeOf(record: T): { readonly runnerId?: string; readonly expiresAt?: UnixSeconds }
  /** The record of a stored text, or `undefined` when it is none. */
  parse(text: string): T | undefined
}

/** Sandboxes end by themselves at `expires_at`. */
export const sandboxKind: RecordKind<SandboxRecord> = {
  noun: 'sandbox',
  existsCode: 'ERR_SANDBOX_EXISTS',
  notFoundCode: 'ERR_SANDBOX_NOT_FOUND',
  idOf: (record) => record.sandbox_id,
  placeOf: ({ runner_id, expires_at }) => ({
    ...(runner_id === undefined ? {} : { runnerId: runner_id }),
    ...(expires_at === undefined ? {} : { expiresAt: expires_at }),
  }),
  parse: parseSandboxRecord,
}

/** Runners live until they are ended. */
export const runnerKind: RecordKind<RunnerRecord> = {
  noun: 'runner',
  existsCode: 'ERR_RUNNER_EXISTS',
  notFoundCode: 'ERR_RUNNER_NOT_FOUND',
  idOf: (record) => record.runner_id,
  placeOf: () => ({}),
  parse: parseRunnerRecord,
}

/** Whether a record still exists at `now`. */
export function isLive<T extends RegistryRecord>(kind: RecordKind<T>, record: T, now: UnixSeconds): boolean {
  const { expiresAt } = kind.placeOf(record)
  return expiresAt === undefined || now < expiresAt
}
