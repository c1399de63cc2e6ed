import { formatMoment, unixSeconds } from '@workload-identity/core'

type Answer = Readonly<Record<string, unknown>>

/** `GET /v1/keys` as a table. */
export function formatKeys(answer: Answer): string {
  const heads = ['kid', 'alg', 'state', 'origin', 'published', 'signs since', 'retired', 'leaves', 'reason']
  const rows = listOf(answer, 'items').map((key) => [
    textOf(key, 'kid'),
    textOf(key, 'alg'),
    textOf(key, 'state'),
    textOf(key, 'origin'),
    momentOf(key, 'published_at'),
    momentOf(key, 'activated_at'),
    momentOf(key, 'retired_at'),
    key['state'] === 'retired' && key['remove_at'] === undefined ? 'by hand' : momentOf(key, 'remove_at'),
    textOf(key, 'reason'),
  ])
  return formatColumns([heads, ...rows])
}

/** `GET /v1/keys/plan` as the dates to come and the rules that hold. */
export function formatPlan(answer: Answer): string {
  const dates = listOf(answer, 'timeline').map((entry) => [
    momentOf(entry, 'at') === '' ? 'by hand' : momentOf(entry, 'at'),
    textOf(entry, 'change'),
    textOf(entry, 'kid') === '' ? '(the next key)' : textOf(entry, 'kid'),
    textOf(entry, 'because'),
  ])
  const rules = listOf(answer, 'checks').map((rule) => [
    rule['holds'] === true ? 'holds' : 'BROKEN',
    `${textOf(rule, 'left')} ${textOf(rule, 'comparison')} ${textOf(rule, 'right')}`,
    textOf(rule, 'sentence'),
  ])
  return [
    `It is ${momentOf(answer, 'now')}; new keys are ${textOf(answer, 'signing_algorithm')}.\n\n`,
    formatColumns([['when', 'what', 'key', 'because'], ...dates]),
    '\n',
    formatColumns([['rule', 'seconds', 'what must hold'], ...rules]),
  ].join('')
}

/** What a rotation by hand came to, in sentences. */
export function formatRotation(answer: Answer): string {
  const [active, next] = [textOf(answer, 'active_kid'), textOf(answer, 'next_kid')]
  if (answer['outcome'] !== 'promoted') {
    const what = answer['outcome'] === 'published' ? `published ${next}` : `${next} is published and waits`
    return `${what}; rotate again from ${momentOf(answer, 'promotable_at')} on to let it sign\n${active} signs until then\n`
  }
  return `${active} signs from now on\n${formatLack(answer)}`
}

/** What revoking a key came to, in sentences. */
export function formatRevocation(answer: Answer): string {
  const successor = textOf(answer, 'successor')
  return [
    `revoked ${textOf(answer, 'kid')}; verifiers may accept it from caches until ${momentOf(answer, 'cached_until')}\n`,
    `${textOf(answer, 'active_kid')} signs${successor === '' ? '' : ` from now on (${successor})`}\n`,
    formatLack(answer),
  ].join('')
}

function formatLack(answer: Answer): string {
  const until = momentOf(answer, 'verifiers_lack_until')
  return until === '' ? '' : `verifiers that cached the keys may refuse its tokens until ${until}\n`
}

function listOf(answer: Answer, name: string): readonly Answer[] {
  const list = answer[name]
  return Array.isArray(list) ? (list as readonly Answer[]) : []
}

function textOf(answer: Answer, name: string): string {
  const value = answer[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function momentOf(answer: Answer, name: string): string {
  const value = answer[name]
  return typeof value === 'number' ? formatMoment(unixSeconds(value)) : ''
}

function formatColumns(rows: readonly (readonly string[])[]): string {
  const [heads = []] = rows
  // A column without any value says nothing.
  const columns = heads.map((_, index) => index).filter((index) => rows.slice(1).some((row) => row[index]))
  const widths = columns.map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    columns.map((column, index) => (row[column] ?? '').padEnd(widths[index] ?? 0)).join('  '),
  )
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}
