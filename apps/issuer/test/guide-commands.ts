import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The commands of a guide, to be run as they are written. */
export interface GuideCommands {
  /** Runs the `sh` blocks below a heading, one after the other, and gives what they printed. Stops at the first failure. */
  run(heading: string, variables: Readonly<Record<string, string>>): Promise<string>
  /** The `sh` blocks below a heading, for those who run them themselves, as of programs that do not end. */
  take(heading: string): readonly string[]
  /** The headings with commands that were not run yet. */
  left(): readonly string[]
}

/** Reads the commands of a guide in `docs/guides/`. */
export function readGuideCommands(name: string): GuideCommands {
  const text = readFileSync(new URL(`../../../docs/guides/${name}`, import.meta.url), 'utf8')
  const blocks = new Map<string, string[]>()
  let heading = ''
  // Headings count outside of blocks only: a comment in a script begins like one.
  for (const [, title, code] of text.matchAll(/^#{1,6} (.+)$|^```sh\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title
    if (code !== undefined) blocks.set(heading, [...(blocks.get(heading) ?? []), code])
  }
  const ran = new Set<string>()
  const take = (wanted: string): readonly string[] => {
    const scripts = blocks.get(wanted)
    if (scripts === undefined) throw new RangeError(`${name} has no commands below "${wanted}"`)
    ran.add(wanted)
    return scripts
  }
  return {
    take,
    async run(wanted, variables) {
      let printed = ''
      for (const script of take(wanted)) {
        const env = {
          PATH: process.env['PATH'],
          NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
          ...variables,
        }
        printed += (await run('sh', ['-euc', script], { env })).stdout
      }
      return printed
    },
    left: () => [...blocks.keys()].filter((each) => !ran.has(each)),
  }
}
