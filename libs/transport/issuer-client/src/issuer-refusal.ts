import type { HttpErrorCode } from '@workload-identity/api'

/** What an {@link IssuerRefusal} says. */
export interface IssuerRefusalFacts {
  readonly status: number
  readonly error: HttpErrorCode
  readonly description: string
}

/** The issuer's no to a request: a 4xx answer, or an entry of a batch that it refused. Asking again does not help. */
export class IssuerRefusal extends Error {
  override readonly name = 'IssuerRefusal'
  /** The HTTP status: 400–499. */
  readonly status: number
  /** What programs match on. */
  readonly error: HttpErrorCode
  /** The issuer's own sentence, for people. */
  readonly description: string

  constructor({ status, error, description }: IssuerRefusalFacts) {
    super(`the issuer refused: ${description} (${status} ${error})`)
    this.status = status
    this.error = error
    this.description = description
  }
}
