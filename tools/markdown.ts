/** A fenced block of a Markdown file. */
export interface CodeBlock {
  /** The info string after the fence, such as `ts`. */
  readonly language: string
  readonly code: string
  /** The 1-based line of its first line of code. */
  readonly line: number
}

const fence = /^( {0,3}|\s*(?:[-*+]|\d+\.)\s+)?(`{3,}|~{3,})\s*([^\s`]*)/

/** Every fenced block of a Markdown text, in order. A block that is never closed reaches to the end. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { mark: string; language: string; line: number; code: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const match = fence.exec(line)
    if (open === undefined) {
      if (match?.[2]) open = { mark: match[2], language: match[3] ?? '', line: index + 2, code: [] }
    } else if (match?.[2]?.startsWith(open.mark) && match[3] === '') {
      blocks.push({ language: open.language, line: open.line, code: open.code.join('\n') })
      open = undefined
    } else {
      open.code.push(line)
    }
  }
  if (open !== undefined)
    blocks.push({ language: open.language, line: open.line, code: open.code.join('\n') })
  return blocks
}

/** The text with fenced blocks and inline code blanked out; every line keeps its number. */
export function withoutCode(text: string): string {
  const lines = text.split('\n')
  for (const { line, code } of codeBlocks(text)) {
    const length = code === '' ? 0 : code.split('\n').length
    for (let index = line - 2; index < line + length; index++) if (index < lines.length) lines[index] = ''
  }
  return lines
    .map((line) => line.replace(/(`+)(?:(?!\1).)+\1/g, (code) => ' '.repeat(code.length)))
    .join('\n')
}

/** The anchors of a Markdown text as GitHub makes them: of headings, numbered when repeated, and of `<a id>`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const fenced = new Set(
    codeBlocks(text).flatMap(({ line, code }) => code.split('\n').map((_, index) => line + index)),
  )
  for (const [index, line] of text.split('\n').entries()) {
    if (fenced.has(index + 1)) continue
    for (const [, id] of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) if (id) anchors.add(id)
    const heading = /^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$/.exec(line)?.[1]
    if (heading === undefined) continue
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${slug}-${copy}`
    anchors.add(anchor)
  }
  return anchors
}
