import { describe, expect, it } from 'vitest'
import { table } from './example-table.testing.ts'
import { formatHelp } from './format-help.ts'

const help = formatHelp(table, { programName: 'example', version: '1.2.3', description: 'An example.' })

describe('formatHelp', () => {
  it('begins with usage and description', () => {
    expect(help.split('\n').slice(0, 5)).toEqual([
      'Usage: example [flags]',
      '',
      'An example.',
      '',
      'A flag wins over its environment variable.',
    ])
  })

  it('names every flag, its variable and its default', () => {
    const words = help.replace(/\s+/g, ' ')
    expect(words).toContain('--issuer-url <url> URL of the issuer. (WID_ISSUER_URL)')
    expect(words).toContain('--runner-id <id> Name of this runner. (WID_RUNNER_ID; required)')
    expect(words).toContain('(WID_STORE; default sqlite:./data/issuer.db)')
    expect(words).toContain(
      '--tls-name <name> Name in the certificate. (WID_TLS_NAME; repeatable; there comma-separated)',
    )
    expect(words).toContain('--require-keys Refuse an empty store. (WID_REQUIRE_KEYS)')
    expect(words).toContain('-h, --help')
    expect(words).toContain('-V, --version')
  })

  it('lists the flags below the headings of their groups', () => {
    const headings = help.split('\n').filter((line) => /^\S.*:$/.test(line))
    expect(headings).toEqual(['Identity:', 'Settings:', 'Other:'])
  })

  it('keeps lines within 110 columns', () => {
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  })
})
