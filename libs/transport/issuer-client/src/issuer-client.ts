import type {
  AssignmentList,
  IssuerFactsBody,
  MintedTokenBody,
  RunnerIdentityResult,
  RunnerPageBody,
  RunnerRegistrationBody,
  RunnerTokenRequest,
  RunnerTokenResult,
  RunnerWithSecretBody,
  SandboxBatchEntry,
  SandboxBody,
  SandboxChangeBody,
  SandboxPageBody,
  SandboxRegistrationBody,
  SandboxWithSecretBody,
  SecretRenewalBody,
  SystemTokenRequest,
  VouchedTokenBody,
} from '@workload-identity/api'

/** Who to trust and what to show in a TLS handshake, as PEM texts. */
export interface ClientTls {
  /** The authorities to trust; those Node trusts unless given. */
  readonly ca?: string
  /** The client certificate with its chain, and its key: both or neither. */
  readonly cert?: string
  readonly key?: string
}

/** One try to get an answer. Nothing in it is secret. */
export interface IssuerTry {
  /** The method of the client that was called. */
  readonly operation: string
  /** `answered`: a whole HTTP answer came, whatever it says. */
  readonly outcome: 'answered' | 'failed' | 'timed_out'
  /** The status of the answer, as far as there was one. */
  readonly status?: number
  readonly seconds: number
}

/** Which issuer to ask, and how. */
export interface IssuerClientOptions {
  /** The control listener of the issuer: `http(s)://host[:port]` or `unix:<path>`. */
  readonly controlUrl: string
  /** The secret of a runner or an admin token, asked for at every try; absent with a client certificate. */
  readonly bearer?: () => string
  readonly tls?: ClientTls
  /** How long one try may take in milliseconds; 5000 unless given. */
  readonly tryTimeoutMs?: number
  /** How long all tries and the waits between them may take in milliseconds; 15000 unless given. */
  readonly totalTimeoutMs?: number
  /** How many connections there may be at once; 16 unless given. Requests beyond wait. */
  readonly maxConnections?: number
  /** Lets a bearer go over http to another machine; false unless given. */
  readonly allowPlaintext?: boolean
  /** A number from 0 up to but not including 1. `Math.random` unless given. */
  readonly random?: () => number
  /** Milliseconds since any moment, which no change of the clock moves. `performance.now` unless given. */
  readonly monotonicMs?: () => number
  /** Told of every try. It must not throw. */
  readonly onTry?: (facts: IssuerTry) => void
}

/** Which part of a list: at most `limit` (1–1000, 100 unless given) items whose ID is behind `after`. */
export interface PageRequest {
  readonly limit?: number
  readonly after?: string
}

/**
 * What a runner asks of its issuer.
 *
 * Every method throws {@link IssuerRefusal} when the issuer says no, and {@link IssuerError} `ERR_ISSUER_UNAVAILABLE` when it
 * cannot be reached, fails, does not answer in time, or answers something that is not the API's.
 */
export interface RunnerClient {
  /** A token or an error for each of 1–100 requests, in their order. */
  mintTokens(requests: readonly RunnerTokenRequest[]): Promise<readonly RunnerTokenResult[]>
  /** An identity or an error for each of 1–100 sandboxes, in their order. */
  describeSandboxes(sandboxIds: readonly string[]): Promise<readonly RunnerIdentityResult[]>
  /**
   * All sandboxes of the runner, or that they are still those of `etag`. The issuer may answer what it read some seconds
   * ago, unless it is asked for a fresh list.
   */
  listAssignments(
    etag?: string,
    options?: { readonly isFresh?: boolean },
  ): Promise<{ readonly etag: string; readonly list: AssignmentList } | 'not-modified'>
  /** A token of a system workload. */
  mintSystemToken(request: SystemTokenRequest): Promise<MintedTokenBody>
  /** Who issues, where, and under which rules. */
  readIssuer(): Promise<IssuerFactsBody>
}

/**
 * What an admin asks of the issuer.
 *
 * Errors are those of {@link RunnerClient}. After `ERR_ISSUER_UNAVAILABLE` for a change it is not known whether it was made:
 * such a request is sent again only when the one before was surely not received. IDs that cannot be any are refused
 * with `ERR_IDENTIFIER_INVALID` before anything is sent.
 */
export interface AdminClient {
  registerSandbox(registration: SandboxRegistrationBody): Promise<SandboxWithSecretBody>
  /** The secret or an error for each of 1–1000 registrations, in their order. */
  registerSandboxes(registrations: readonly SandboxRegistrationBody[]): Promise<readonly SandboxBatchEntry[]>
  listSandboxes(page?: PageRequest & { readonly runner_id?: string }): Promise<SandboxPageBody>
  readSandbox(sandboxId: string): Promise<SandboxBody>
  changeSandbox(sandboxId: string, change: SandboxChangeBody): Promise<SandboxBody>
  endSandbox(sandboxId: string): Promise<void>
  /** A new secret; the old one is dead at once unless `grace_seconds` are given. */
  renewSandboxSecret(sandboxId: string, renewal?: SecretRenewalBody): Promise<SandboxWithSecretBody>
  registerRunner(registration: RunnerRegistrationBody): Promise<RunnerWithSecretBody>
  listRunners(page?: PageRequest): Promise<RunnerPageBody>
  /** A new secret; the old one is dead at once unless `grace_seconds` are given. */
  renewRunnerSecret(runnerId: string, renewal?: SecretRenewalBody): Promise<RunnerWithSecretBody>
  /** Ends a runner; refused with 409 while sandboxes are assigned to it unless they are to be ended, too. */
  endRunner(runnerId: string, removal?: { readonly sandboxes?: 'end' }): Promise<void>
  /** A token for a sandbox that the admin vouches for. */
  vouchToken(request: VouchedTokenBody): Promise<MintedTokenBody>
  /** Who issues, where, and under which rules. */
  readIssuer(): Promise<IssuerFactsBody>
}

/** A client of the control API. What it may do depends on whose secret or certificate it shows. */
export interface IssuerClient extends RunnerClient, AdminClient {
  /**
   * Makes new connections with other certificates. Those that are open take no more requests, and are closed when they
   * are done. Resolves then.
   *
   * @throws {IssuerError} `ERR_REQUEST_INVALID` when they cannot be used; everything stays as it is.
   */
  replaceTls(tls: ClientTls): Promise<void>
  /** Closes all connections at once. What waits, and what is asked later, fails with `ERR_ISSUER_UNAVAILABLE`. */
  close(): Promise<void>
}
