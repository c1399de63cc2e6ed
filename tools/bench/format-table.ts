import type { Row } from './rounds.ts'

/** The rows as a Markdown table whose columns are aligned. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ['', 'per second', 'ratio', 'lowest – highest'],
    ...rows.map(({ name, per_second, ratio, ratio_range: range }) => [
      name,
      String(Math.round(per_second)),
      ratio?.toFixed(2) ?? '',
      range === null ? '' : range.map((value) => value.toFixed(2)).join(' – '),
    ]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  const lines = cells.map((row) => `| ${row.map(pad).join(' | ')} |`)
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}
