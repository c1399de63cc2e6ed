/** What happened while one fault was made, lasted and healed, summed over its rounds. */
export interface Counts {
  readonly name: string
  /** Faults that were made. */
  faults: number
  /** Tokens that were issued. */
  minted: number
  /** 503: the identity could not be checked. */
  unavailable: number
  /** 403: not a live sandbox. */
  refused: number
  /** Requests whose replica was killed before it answered. */
  broken: number
  /** Verifications of tokens by their replicas' JWKS. */
  verified: number
  /** JWKS and liveness answers that were looked at. */
  looks: number
  violations: number
  /** From the end of a fault until everything works again, in milliseconds, for each round. */
  readonly healedMs: number[]
  /** The slowest answer, in milliseconds. */
  slowestMs: number
}

/** Counts of a row in which nothing happened yet. */
export function createCounts(name: string): Counts {
  return {
    name,
    faults: 0,
    minted: 0,
    unavailable: 0,
    refused: 0,
    broken: 0,
    verified: 0,
    looks: 0,
    violations: 0,
    healedMs: [],
    slowestMs: 0,
  }
}

const columns: readonly (readonly [title: string, cell: (row: Counts) => string])[] = [
  ['faults', ({ faults }) => String(faults)],
  ['minted', ({ minted }) => String(minted)],
  ['503', ({ unavailable }) => String(unavailable)],
  ['403', ({ refused }) => String(refused)],
  ['broken off', ({ broken }) => String(broken)],
  ['verified', ({ verified }) => String(verified)],
  ['JWKS, livez', ({ looks }) => String(looks)],
  ['slowest', ({ slowestMs }) => inSeconds(slowestMs)],
  ['healed after', ({ healedMs }) => rangeOf(healedMs)],
  ['violations', ({ violations }) => String(violations)],
]

/** The counts as a Markdown table whose columns are aligned, with their sum as the last row. */
export function formatCounts(rows: readonly Counts[]): string {
  const cells = [
    ['', ...columns.map(([title]) => title)],
    ...[...rows, sumOf(rows)].map((row) => [row.name, ...columns.map(([, cell]) => cell(row))]),
  ]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? []
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const lines = cells.map((row) => `| ${row.map(pad).join(' | ')} |`)
  return [lines[0], `| ${rule.join(' | ')} |`, ...lines.slice(1)].join('\n')
}

function sumOf(rows: readonly Counts[]): Counts {
  const sum = createCounts('all')
  for (const row of rows) {
    sum.faults += row.faults
    sum.minted += row.minted
    sum.unavailable += row.unavailable
    sum.refused += row.refused
    sum.broken += row.broken
    sum.verified += row.verified
    sum.looks += row.looks
    sum.violations += row.violations
    sum.healedMs.push(...row.healedMs)
    sum.slowestMs = Math.max(sum.slowestMs, row.slowestMs)
  }
  return sum
}

function rangeOf(times: readonly number[]): string {
  return times.length === 0 ? '' : `${inSeconds(Math.min(...times))} – ${inSeconds(Math.max(...times))}`
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
