import {
  parseRunnerRecord,
  parseSandboxRecord,
  type IssuerErrorCode,
  type RunnerRecord,
  type SandboxRecord,
  type SecretHash,
} from '@workload-identity/core'

/** What all records of a registry have. */
export interface RegistryRecord {
  readonly secrets: readonly SecretHash[]
  readonly revision: number
}

/** The values that SQL searches for, by column. */
export type Columns = Readonly<Record<string, string | number | null>>

/** What tells sandboxes and runners apart, for the code that keeps both. Names are those of the tables. */
export interface RecordKind<T extends RegistryRecord> {
  /** What one of them is called in a sentence. */
  readonly noun: string
  readonly table: string
  readonly idColumn: string
  readonly secretsTable: string
  /** A condition on a row called `owner` at the moment `@now`: whether it still exists. */
  readonly isLive: string
  readonly existsCode: IssuerErrorCode
  readonly notFoundCode: IssuerErrorCode
  idOf(record: T): string
  /** Always the same columns, in the same order. */
  columnsOf(record: Pick<T, keyof T>): Columns
  readonly columns: readonly string[]
  /** The record of a stored text, or `undefined` when it is none. */
  parse(text: string): T | undefined
}

/** Sandboxes end by themselves at `expires_at`. */
export const sandboxKind: RecordKind<SandboxRecord> = {
  noun: 'sandbox',
  table: 'sandboxes',
  idColumn: 'sandbox_id',
  secretsTable: 'sandbox_secrets',
  isLive: '(owner.expires_at IS NULL OR owner.expires_at > @now)',
  existsCode: 'ERR_SANDBOX_EXISTS',
  notFoundCode: 'ERR_SANDBOX_NOT_FOUND',
  idOf: (record) => record.sandbox_id,
  columns: ['sandbox_id', 'runner_id', 'expires_at', 'revision'],
  columnsOf: ({ sandbox_id, runner_id = null, expires_at = null, revision }) => ({
    sandbox_id,
    runner_id,
    expires_at,
    revision,
  }),
  parse: parseSandboxRecord,
}

/** Runners live until they are ended. */
export const runnerKind: RecordKind<RunnerRecord> = {
  noun: 'runner',
  table: 'runners',
  idColumn: 'runner_id',
  secretsTable: 'runner_secrets',
  isLive: 'TRUE',
  existsCode: 'ERR_RUNNER_EXISTS',
  notFoundCode: 'ERR_RUNNER_NOT_FOUND',
  idOf: (record) => record.runner_id,
  columns: ['runner_id', 'revision'],
  columnsOf: ({ runner_id, revision }) => ({ runner_id, revision }),
  parse: parseRunnerRecord,
}
