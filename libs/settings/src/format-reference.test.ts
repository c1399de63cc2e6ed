import { describe, expect, it } from 'vitest'
import { table } from './example-table.testing.ts'
import { formatReference } from './format-reference.ts'

describe('formatReference', () => {
  it('gives one Markdown table a group, in the order of the settings', () => {
    expect(formatReference(table)).toBe(`## Identity

| Flag | Environment variable | Default | Meaning |
| --- | --- | --- | --- |
| \`--issuer-url <url>\` | \`WID_ISSUER_URL\` | – | URL of the issuer. |
| \`--runner-id <id>\` | \`WID_RUNNER_ID\` | required | Name of this runner. |

## Settings

| Flag | Environment variable | Default | Meaning |
| --- | --- | --- | --- |
| \`--store <store>\` | \`WID_STORE\` | \`sqlite:./data/issuer.db\` | Where keys are kept: one\\|other. |
| \`--default-ttl <duration>\` | \`WID_DEFAULT_TTL\` | \`3600\` | Lifetime of a token. |
| \`--max-ttl <duration>\` | \`WID_MAX_TTL\` | \`24h\` | Longest lifetime of a token. |
| \`--tls-name <name>\` | \`WID_TLS_NAME\` | – | Name in the certificate. Repeatable; comma-separated in the variable. |
| \`--allow-plaintext <listener>\` | \`WID_ALLOW_PLAINTEXT\` | – | Listener that may do without TLS. Repeatable; comma-separated in the variable. |
| \`--require-keys\` | \`WID_REQUIRE_KEYS\` | \`false\` | Refuse an empty store. |
`)
  })

  it('takes the level of the headings', () => {
    expect(formatReference(table, { headingLevel: 3 })).toMatch(/^### Identity\n/)
  })
})
