import type { AssignmentList } from '@workload-identity/api'

/** Where the answer to a sandbox came from; `outage`: kept from before, because the issuer did not answer in time. */
export type AnswerSource = 'cache' | 'upstream' | 'outage'

/** What a batch of requests to the issuer asked for. */
export type UpstreamOperation = 'tokens' | 'identities'

/** What a runner proxy tells of itself, for logs and metrics. The union is closed; nothing in it is secret. */
export type RunnerEvent =
  /** The issuer confirmed the assignments; `changed` when it gave a list that differs from the one before. */
  | { readonly type: 'assignments-confirmed'; readonly sandboxes: number; readonly changed: boolean }
  /**
   * The assignments could not be confirmed, for the `failures`th time in a row; `isRefused` when the issuer has said
   * meanwhile that it does not know this runner or its credential, so that they no longer count.
   */
  | {
      readonly type: 'assignments-failed'
      readonly failures: number
      readonly isRefused: boolean
      readonly error: unknown
    }
  /** A list brought or took sandboxes; `gone` are no longer assigned, `ended` of them known to be ended or moved. */
  | {
      readonly type: 'assignments-changed'
      readonly added: number
      readonly gone: number
      readonly ended: number
    }
  /** The issuer has another registry than before: whoever runs it accepted the loss of the earlier one. */
  | {
      readonly type: 'registry-changed'
      readonly from: AssignmentList['registry_id']
      readonly to: AssignmentList['registry_id']
    }
  /** The issuer changed its URL, keys, default audience or times: kept tokens are replaced when next asked for. */
  | { readonly type: 'issuer-changed' }
  /** A token or an identity was given to a sandbox. */
  | {
      readonly type: 'answered'
      readonly what: 'token' | 'identity'
      readonly sandbox_id: string
      readonly from: AnswerSource
    }
  /** A batch came back: `refused` of its `entries` with an error of their own. */
  | {
      readonly type: 'upstream-answered'
      readonly operation: UpstreamOperation
      readonly entries: number
      readonly refused: number
      readonly seconds: number
    }
  /** A whole batch failed. */
  | {
      readonly type: 'upstream-failed'
      readonly operation: UpstreamOperation
      readonly entries: number
      readonly seconds: number
      readonly error: unknown
    }
  /** Something that listens to assignments threw. */
  | { readonly type: 'listener-failed'; readonly error: unknown }
