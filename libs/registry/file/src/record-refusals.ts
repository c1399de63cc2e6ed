import { IssuerError, type IssuerErrorCode } from '@workload-identity/core'
import type { RecordKind } from './record-kinds.ts'

type Noun = Pick<RecordKind<never>, 'noun'>

const sentences: Readonly<Partial<Record<IssuerErrorCode, (who: string, noun: string) => string>>> = {
  ERR_SECRET_IN_USE: (who, noun) => `another ${noun} has a secret that ${who} was to get`,
  ERR_REVISION_CONFLICT: (who) => `${who} changed since it was read; read it again`,
  ERR_SANDBOX_EXISTS: (who) => `${who} is already registered`,
  ERR_RUNNER_EXISTS: (who) => `${who} is already registered`,
  ERR_SANDBOX_NOT_FOUND: (who) => `${who} is not registered`,
  ERR_RUNNER_NOT_FOUND: (who) => `${who} is not registered`,
}

/** The refusal of a change of the record with that ID; nothing was changed. */
export function conflictOf({ noun }: Noun, code: IssuerErrorCode, id: string): IssuerError {
  const who = `${noun} ${id}`
  return new IssuerError(code, sentences[code]?.(who, noun) ?? `${who} cannot be changed`, {
    details: { id },
  })
}
