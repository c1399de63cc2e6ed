/*
 * Harm prevented: a document that says a test shows something, when that test was renamed or never existed. Every
 * “sentence” ([words](file)) in docs/security-model.md must stand in that file.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { report, type Problems } from './report.ts'
import { repositoryRoot } from './repository.ts'

const document = 'docs/security-model.md'

/** A sentence of a test and the file it is said to be in, as a path from the document. */
export interface QuotedTest {
  readonly sentence: string
  readonly file: string
}

/** Every quoted test of a Markdown text. */
export function findQuotedTests(markdown: string): readonly QuotedTest[] {
  return [...markdown.matchAll(/“([^”]+)” \(\[[^\]]+\]\(([^)]+)\)\)/g)].map(
    ([, sentence = '', file = '']) => ({
      sentence,
      file,
    }),
  )
}

/** The quoted tests that do not stand where they are said to. */
export function judgeQuotedTests(
  quoted: readonly QuotedTest[],
  read: (file: string) => string | undefined,
): Problems {
  return quoted.flatMap(({ sentence, file }) => {
    const text = read(file)
    if (text === undefined) return [`${file} does not exist`]
    return text.includes(sentence) ? [] : [`there is no test “${sentence}” in ${file}`]
  })
}

if (import.meta.main) {
  const markdown = readFileSync(join(repositoryRoot, document), 'utf8')
  const quoted = findQuotedTests(markdown)
  const problems = judgeQuotedTests(quoted, (file) => {
    const path = join(repositoryRoot, dirname(document), file)
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  })
  const unread = (markdown.match(/“/g) ?? []).length - quoted.length
  const unlinked = unread === 0 ? [] : [`${unread} quoted sentences have no link to a test`]
  report('check-quoted-tests', [...problems, ...unlinked], `${quoted.length} tests quoted in ${document}`)
}
