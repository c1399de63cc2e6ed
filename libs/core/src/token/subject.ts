import { IssuerError } from '../errors.ts'
import {
  identifierProblem,
  type AppId,
  type ClusterId,
  type OrganizationId,
  type SandboxId,
  type SystemWorkload,
} from '../identifiers.ts'

/** Who a token is about: one sandbox, all sandboxes of an application, or a part of the platform itself. */
export type Subject =
  | {
      readonly form: 'sandbox'
      readonly organizationId?: OrganizationId
      readonly app?: AppId
      readonly sandboxId: SandboxId
    }
  | { readonly form: 'app'; readonly organizationId?: OrganizationId; readonly app: AppId }
  | {
      readonly form: 'system'
      readonly organizationId?: OrganizationId
      readonly clusterId?: ClusterId
      readonly workload: SystemWorkload
    }

// The forms as data: labels in their order, the property each stands for, and which may be left out. A text of labels
// decides the form alone, since the last pair is always there and no identifier holds a colon.
const forms = {
  sandbox: [
    { label: 'org', property: 'organizationId', optional: true },
    { label: 'app', property: 'app', optional: true },
    { label: 'sandbox', property: 'sandboxId', optional: false },
  ],
  app: [
    { label: 'org', property: 'organizationId', optional: true },
    { label: 'app', property: 'app', optional: false },
  ],
  system: [
    { label: 'org', property: 'organizationId', optional: true },
    { label: 'cluster', property: 'clusterId', optional: true },
    { label: 'system', property: 'workload', optional: false },
  ],
} as const

/**
 * The subject as text, `label:value` pairs joined by colons. Two different subjects never give the same text.
 *
 * @throws {IssuerError} `ERR_SUBJECT_INVALID` when a value is not an identifier or the last one is missing.
 */
export function formatSubject(subject: Subject): string {
  const values: Readonly<Record<string, string | undefined>> = { ...subject }
  const pairs: string[] = []
  for (const { label, property, optional } of forms[subject.form]) {
    const value = values[property]
    if (value === undefined && optional) continue
    const problem = value === undefined ? 'is missing' : identifierProblem(value)
    if (problem !== undefined) throw invalid(`its ${label} ${problem}`)
    pairs.push(label, value as string)
  }
  return pairs.join(':')
}

/**
 * The subject that a text stands for: the exact inverse of {@link formatSubject}.
 *
 * @throws {IssuerError} `ERR_SUBJECT_INVALID` for any text that {@link formatSubject} does not give.
 */
export function parseSubject(text: string): Subject {
  const parts = text.split(':')
  const labels = parts.filter((_, index) => index % 2 === 0)
  const values = parts.filter((_, index) => index % 2 === 1)
  if (labels.length !== values.length) throw invalid('it does not consist of label:value pairs')
  for (const [form, pairs] of Object.entries(forms)) {
    let taken = 0
    const properties: Record<string, string> = {}
    for (const { label, property, optional } of pairs) {
      const value = values[taken]
      if (labels[taken] === label && value !== undefined) {
        const problem = identifierProblem(value)
        if (problem !== undefined) throw invalid(`its ${label} ${problem}`)
        properties[property] = value
        taken += 1
      } else if (!optional) {
        taken = -1
        break
      }
    }
    if (taken === labels.length) return { form, ...properties } as unknown as Subject
  }
  throw invalid('its labels are not those of a sandbox, an app or a system workload')
}

function invalid(reason: string): IssuerError {
  return new IssuerError('ERR_SUBJECT_INVALID', `not a subject: ${reason}`)
}
