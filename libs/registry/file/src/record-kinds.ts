import type {
  IssuerErrorCode,
  RunnerRecord,
  SandboxRecord,
  SecretHash,
  UnixSeconds,
} from '@workload-identity/core'

/** What all records of a registry have. */
export interface RegistryRecord {
  readonly secrets: readonly SecretHash[]
  readonly revision: number
}

/** The secrets of a record whose time is not over at `now`: the others are anybody's. */
export function validSecrets({ secrets }: RegistryRecord, now: UnixSeconds): readonly SecretHash[] {
  return secrets.filter(({ valid_until = Infinity }) => now < valid_until)
}

/** What tells sandboxes and runners apart, for the code that keeps both. */
export interface RecordKind<T extends RegistryRecord> {
  /** What one of them is called in a sentence. */
  readonly noun: string
  /** How its file begins. */
  readonly format: string
  /** The folder of the records. */
  readonly folder: string
  /** The folder of the further names by which a record is found by secret. */
  readonly secretsFolder: string
  readonly existsCode: IssuerErrorCode
  readonly notFoundCode: IssuerErrorCode
  /** Any value may be asked: `undefined` when it has no ID. */
  idOf(record: Partial<T>): string | undefined
  isLive(record: T, now: UnixSeconds): boolean
}

/** Sandboxes end by themselves at `expires_at`. */
export const sandboxKind: RecordKind<SandboxRecord> = {
  noun: 'sandbox',
  format: 'workload-identity-sandbox',
  folder: 'sandboxes',
  secretsFolder: 'sandbox-secrets',
  existsCode: 'ERR_SANDBOX_EXISTS',
  notFoundCode: 'ERR_SANDBOX_NOT_FOUND',
  idOf: (record) => record.sandbox_id,
  isLive: ({ expires_at }, now) => expires_at === undefined || now < expires_at,
}

/** Runners live until they are ended. */
export const runnerKind: RecordKind<RunnerRecord> = {
  noun: 'runner',
  format: 'workload-identity-runner',
  folder: 'runners',
  secretsFolder: 'runner-secrets',
  existsCode: 'ERR_RUNNER_EXISTS',
  notFoundCode: 'ERR_RUNNER_NOT_FOUND',
  idOf: (record) => record.runner_id,
  isLive: () => true,
}
