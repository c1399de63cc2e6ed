import { readFileSync } from 'node:fs'

/** The first block of code below a heading of a page in `docs/guides/`. */
export function readGuideBlock(page: string, heading: string): string {
  const text = readFileSync(new URL(`../../../../docs/guides/${page}`, import.meta.url), 'utf8')
  let current = ''
  // Headings count outside of blocks only: a comment in a script begins like one.
  for (const [, title, code] of text.matchAll(/^#{1,6} (.+)$|^```\w+\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) current = title
    if (code !== undefined && current === heading) return code
  }
  throw new RangeError(`${page} has no block of code below "${heading}"`)
}
