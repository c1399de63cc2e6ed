import type { Setting, SettingsTable } from './define-settings.ts'

/**
 * The settings of a table as Markdown: for each group a heading and a table of flag, environment variable, default and
 * meaning, in the order of the table. Pure, so that a check can compare it with what is committed.
 *
 * @param options.headingLevel level of the groups' headings, 2 when left out.
 */
export function formatReference(
  table: SettingsTable,
  options: { readonly headingLevel?: number } = {},
): string {
  const heading = '#'.repeat(options.headingLevel ?? 2)
  const groups = Map.groupBy(Object.values(table), (setting) => setting.group)
  const sections = [...groups].map(([group, settings]) =>
    [
      `${heading} ${group}`,
      '',
      '| Flag | Environment variable | Default | Meaning |',
      '| --- | --- | --- | --- |',
      ...settings.map(formatRow),
    ].join('\n'),
  )
  return `${sections.join('\n\n')}\n`
}

function formatRow(setting: Setting<unknown>): string {
  const flag = [`--${setting.flag}`, ...(setting.valueName === undefined ? [] : [setting.valueName])].join(
    ' ',
  )
  const cells = [
    `\`${flag}\``,
    `\`${setting.variable}\``,
    formatDefault(setting),
    setting.isRepeatable
      ? `${setting.description} Repeatable; comma-separated in the variable.`
      : setting.description,
  ]
  return `| ${cells.map(escapeCell).join(' | ')} |`
}

function formatDefault(setting: Setting<unknown>): string {
  if (setting.isRequired) return 'required'
  return setting.defaultTexts.length === 0
    ? '–'
    : setting.defaultTexts.map((text) => `\`${text}\``).join(', ')
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ')
}
