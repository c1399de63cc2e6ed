/*
 * Harm prevented: examples that no longer compile. The first thing a reader does is paste one.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeBlocks } from './markdown.ts'
import { report, type Problems } from './report.ts'
import { listFiles, readFiles, repositoryRoot, type TextFile } from './repository.ts'

/** A TypeScript block of a page, as a module whose line numbers are those of the page. */
export interface Example {
  readonly file: string
  readonly page: string
  readonly code: string
}

/** Whether the blocks of a page are compiled. */
export function isExamplePage(path: string): boolean {
  return /^(README\.md|docs\/.*\.md|(apps|libs)\/.*README\.md)$/.test(path)
}

/** Takes the `ts` blocks out of pages. */
export function findExamples(pages: readonly TextFile[]): readonly Example[] {
  return pages.flatMap(({ path, text }) =>
    codeBlocks(text)
      .filter(({ language }) => language === 'ts' || language === 'typescript')
      .map(({ code, line }) => ({
        file: `${path.replaceAll('/', '__')}.${line}.ts`,
        page: path,
        // `export {}` makes a module of a block that imports nothing, so that top-level await and names of its own work.
        code: `${'\n'.repeat(line - 1)}${code}\nexport {}\n`,
      })),
  )
}

/** Compiles examples against the sources of the workspace, as strictly as its own code, unused names excepted. */
export function compileExamples(root: string, examples: readonly Example[]): Problems {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'examples-')))
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const compilerOptions = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      typeRoots: ['node_modules/@types'],
    }
    const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['src'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    mkdirSync(join(folder, 'src'))
    for (const { file, code } of examples) writeFileSync(join(folder, 'src', file), code)
    const tsc = join(root, 'node_modules/.bin/tsc')
    const { error, status, stdout } = spawnSync(tsc, ['-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (error) throw error
    const problems = stdout
      .split('\n')
      .filter((line) => line.includes('error TS'))
      .map((line) => locate(line, examples))
    return status !== 0 && problems.length === 0 ? [`tsc ended with ${status}: ${stdout}`] : problems
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Turns `src/docs__a.md.12.ts(13,5): error …` into `docs/a.md:13:5 error …`. */
function locate(line: string, examples: readonly Example[]): string {
  const [, file, row, column, text] = /^src\/(.+)\((\d+),(\d+)\): (.*)$/.exec(line) ?? []
  const page = examples.find((example) => example.file === file)?.page
  return page === undefined ? line : `${page}:${row}:${column} ${text}`
}

if (import.meta.main) {
  const pages = readFiles(repositoryRoot, listFiles(repositoryRoot), isExamplePage)
  const examples = findExamples(pages)
  const problems = examples.length === 0 ? [] : compileExamples(repositoryRoot, examples)
  report(
    'check-examples',
    problems,
    `${examples.length} TypeScript examples on ${pages.length} pages compile`,
  )
}
