/*
 * Harm prevented: references that tell of an earlier release: an API description that clients are generated from, error
 * codes and settings that no longer exist, and an OpenAPI document that tools refuse to read.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { report, type Problems } from './report.ts'
import { cleanEnvironment, repositoryRoot, type TextFile } from './repository.ts'

const howToRepair = 'run `npm run docs` and commit what it wrote'

/** Names every generated page that the checkout has differently, with the first line that differs. */
export function comparePages(
  pages: readonly TextFile[],
  readCommitted: (path: string) => string | undefined,
): Problems {
  return pages.flatMap(({ path, text }) => {
    const committed = readCommitted(path)
    if (committed === undefined) return [`${path} is not there: ${howToRepair}`]
    if (committed === text) return []
    const wanted = text.split('\n')
    const found = committed.split('\n')
    const index = wanted.findIndex((line, at) => line !== found[at])
    const line = index === -1 ? wanted.length : index
    return [
      `${path}:${line + 1} is not what the sources say: ${howToRepair}` +
        `\n  it has   ${show(found[line])}\n  it needs ${show(wanted[line])}`,
    ]
  })
}

function show(line = '(nothing)'): string {
  return line.length > 150 ? `${line.slice(0, 150)}…` : line
}

function generatePages(folder: string): readonly TextFile[] {
  const args = ['--conditions=@workload-identity/source', 'tools/docs/main.ts', '--into', folder]
  const { error, status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: repositoryRoot,
    env: cleanEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (error) throw error
  if (status !== 0) throw new Error(`the pages cannot be generated: ${howToRepair}`)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((file) => ({ path: relative(folder, file), text: readFileSync(file, 'utf8') }))
}

/** What Redocly finds in the committed document, by the rules of `tools/docs/redocly.yaml`. It asks no server. */
function lintOpenApi(): Problems {
  const program = join(repositoryRoot, 'node_modules/@redocly/cli/bin/cli.js')
  const args = ['lint', 'docs/openapi.json', '--config=tools/docs/redocly.yaml', '--format=stylish']
  const { error, status, stdout } = spawnSync(process.execPath, [program, ...args], {
    cwd: repositoryRoot,
    env: cleanEnvironment({ REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }),
    encoding: 'utf8',
  })
  if (error) throw error
  return status === 0 ? [] : [`docs/openapi.json is refused by redocly:\n${stdout}`]
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'docs-'))
  try {
    const pages = generatePages(folder)
    const differences = comparePages(pages, (path) => {
      const file = join(repositoryRoot, path)
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined
    })
    report('check-docs', [...differences, ...lintOpenApi()], `${pages.length} generated pages are up to date`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
