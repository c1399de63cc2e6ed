import ts from 'typescript'

/** An error code with what it means. */
export interface DocumentedCode {
  readonly code: string
  readonly meaning: string
  /** The group it stands in. */
  readonly group: string
}

/** How a code is answered over HTTP. */
export interface CodeAnswer {
  readonly status: number
  readonly error: string
}

/**
 * The codes of a TypeScript union of texts with the doc comment in front of each, in order. A `//` comment in front of a
 * member begins a group.
 *
 * @throws {Error} when there is no such union, or a member has no doc comment.
 */
export function readDocumentedCodes(source: string, unionName: string): readonly DocumentedCode[] {
  const file = ts.createSourceFile('errors.ts', source, ts.ScriptTarget.Latest, true)
  const alias = file.statements
    .filter((statement) => ts.isTypeAliasDeclaration(statement))
    .find((statement) => statement.name.text === unionName)
  if (alias === undefined || !ts.isUnionTypeNode(alias.type)) throw new Error(`no union ${unionName}`)
  const union = alias.type
  let group = ''
  let end = alias.name.getEnd()
  return union.types.map((member) => {
    const code = member.getText(file).replaceAll("'", '')
    const gap = source.slice(end, member.getStart(file))
    end = member.getEnd()
    group = /^\s*\/\/ (.*)$/m.exec(gap)?.[1] ?? group
    const meaning = [...gap.matchAll(/\/\*\* (.*?) \*\//gs)].at(-1)?.[1]
    if (meaning === undefined) throw new Error(`${code} has no doc comment`)
    return { code, meaning: meaning.replace(/\s*\n\s*\*\s*/g, ' '), group }
  })
}

/** The reference of all error codes as Markdown. */
export function formatErrorReference(
  codes: readonly DocumentedCode[],
  answerOf: (code: string) => CodeAnswer,
): string {
  const groups = [...new Set(codes.map(({ group }) => group))]
  const tables = groups.map((group) => {
    const rows = codes
      .filter((code) => code.group === group)
      .map(({ code, meaning }) => {
        const { status, error } = answerOf(code)
        return `| \`${code}\` | ${meaning} | ${status} \`${error}\` |`
      })
    const title = group.charAt(0).toUpperCase() + group.slice(1)
    return `## ${title}\n\n| code | what it means and what to do | answer |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Error codes

Generated from \`libs/core/src/errors.ts\` and \`libs/transport/http/src/error-mapping.ts\` by \`npm run docs\`.

Programs match on the code of an \`IssuerError\`, or on \`error\` of an HTTP answer; sentences are for people and may
change. Codes are never reused. The last column is the HTTP answer where an error reaches a client.

${tables.join('\n')}`
}
