import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The first block of code below a heading of a page in `docs/guides/`. */
export function readGuideBlock(page: string, heading: string): string {
  const code = blocksOf(page).get(heading)
  if (code === undefined) throw new RangeError(`${page} has no block of code below "${heading}"`)
  return code
}

/** The commands of a page, to be run as they are written. */
export interface GuideScripts {
  /** Runs the commands below a heading and gives what they printed. */
  run(heading: string, variables: Readonly<Record<string, string>>): Promise<string>
  /** The headings with commands that were not run yet. */
  left(): readonly string[]
}

/** Reads the `sh` blocks of a page in `docs/guides/`, one below each heading. */
export function readGuideScripts(page: string): GuideScripts {
  const scripts = blocksOf(page, 'sh')
  const left = new Set(scripts.keys())
  return {
    async run(heading, variables) {
      const script = scripts.get(heading)
      if (script === undefined) throw new RangeError(`${page} has no commands below "${heading}"`)
      left.delete(heading)
      const env = { PATH: process.env['PATH'], ...variables }
      return (await run('sh', ['-euc', script], { env })).stdout
    },
    left: () => [...left],
  }
}

function blocksOf(page: string, language = '\\w+'): ReadonlyMap<string, string> {
  const text = readFileSync(new URL(`../../../docs/guides/${page}`, import.meta.url), 'utf8')
  const blocks = new Map<string, string>()
  let heading = ''
  // Headings count outside of blocks only: a comment in a script begins like one.
  for (const [, title, name, code] of text.matchAll(/^#{1,6} (.+)$|^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title
    const fits = new RegExp(`^${language}$`).test(name ?? '')
    if (code !== undefined && fits && !blocks.has(heading)) blocks.set(heading, code)
  }
  return blocks
}
