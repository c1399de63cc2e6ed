/*
 * Harm prevented: boundary rules that no longer bite. Nx reads its project graph from a cache and skips its rule when
 * there is none, and a slip in a pattern makes a rule match nothing: lint stays green either way. So every forbidden
 * thing is planted in a copy of the workspace, and lint must report each.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canaries, type Canary } from './canaries.ts'
import { report, type Problems } from './report.ts'
import { cleanEnvironment, repositoryRoot } from './repository.ts'
import { copyWorkspace, type WorkspaceCopy } from './workspace-copy.ts'

/** What ESLint's JSON report says of one file. */
export interface LintResult {
  readonly filePath: string
  readonly messages: readonly {
    readonly ruleId: string | null
    readonly messageId?: string
    readonly message: string
  }[]
}

/** The rules the canaries are about; what others say of planted code does not matter. */
const boundaryRules = new Set([
  ...canaries.map(({ reportedBy }) => reportedBy?.[0]),
  ...['@nx/enforce-module-boundaries', 'no-restricted-imports'],
])

/** Where a canary is planted, seen from the root. */
export function placeOf(canary: Canary, index: number): string {
  return `${canary.folder}/planted-${index}${canary.isTest ? '.test' : ''}.ts`
}

/** Names every canary that lint let pass, reported by another rule, or reported although it is allowed. */
export function findSilent(planted: readonly Canary[], results: readonly LintResult[]): Problems {
  return planted.flatMap((canary, index) => {
    const result = results.find(({ filePath }) => filePath.endsWith(`/${placeOf(canary, index)}`))
    if (result === undefined) return [`not linted at all: ${canary.does}`]
    const said = result.messages.filter(({ ruleId }) => ruleId === null || boundaryRules.has(ruleId))
    const list = said
      .map(({ ruleId, messageId, message }) => `${ruleId} (${messageId}): ${message}`)
      .join('; ')
    if (canary.reportedBy === undefined) {
      return said.length === 0 ? [] : [`reported although it is allowed: ${canary.does}: ${list}`]
    }
    const [rule, messageId] = canary.reportedBy
    const isReported = said.some(
      (message) => message.ruleId === rule && (messageId === undefined || message.messageId === messageId),
    )
    return isReported
      ? []
      : [`not reported by ${rule} (${messageId ?? 'any'}): ${canary.does}; said: ${list || 'nothing'}`]
  })
}

/** Copies what lint needs: everything but the sources, whose state has no part in whether the rules work. */
export function copyForLint(root: string): WorkspaceCopy {
  return copyWorkspace(root, (path) => !/^(apps|libs)\/.*\/(src|test)\/|^(docs|tools\/.*\.ts$)/.test(path))
}

/**
 * Plants the canaries and lints them.
 *
 * The graph is built before: then no planted import is in it, and none is hidden behind a circle that two of them make.
 */
export function lintPlanted(copy: string, planted: readonly Canary[]): readonly LintResult[] {
  run(copy, 'nx', ['show', 'projects'])
  const places = planted.map(placeOf)
  for (const [index, { code }] of planted.entries()) plant(copy, places[index] ?? '', code)
  const output = join(copy, 'planted.json')
  run(copy, 'eslint', ['--format=json', `--output-file=${output}`, ...places])
  return JSON.parse(readFileSync(output, 'utf8')) as LintResult[]
}

/** Whether `nx lint`, as everybody runs it, fails for one forbidden import and passes without it. */
export function checkPipeline(root: string): Problems {
  using copy = copyForLint(root)
  const project = 'libs/transport/http'
  const lint = (): number | null => run(copy.root, 'nx', ['lint', '@workload-identity/transport-http']).status
  plant(
    copy.root,
    `${project}/src/index.ts`,
    `export { compactVerify as answer } from '@workload-identity/core'\n`,
  )
  const clean = lint()
  plant(
    copy.root,
    `${project}/src/planted.ts`,
    `import * as x from '@workload-identity/key-store-sqlite'\nexport { x }\n`,
  )
  const dirty = lint()
  return [
    ...(clean === 0 ? [] : [`nx lint of a clean project exits ${clean}, not 0`]),
    ...(dirty === 1 ? [] : [`nx lint of a transport that imports a key store exits ${dirty}, not 1`]),
  ]
}

function plant(copy: string, path: string, code: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true })
  writeFileSync(join(copy, path), code)
}

function run(copy: string, command: string, args: readonly string[]): { status: number | null } {
  const { error, status, stderr } = spawnSync(join(copy, 'node_modules/.bin', command), args, {
    cwd: copy,
    env: cleanEnvironment({ NX_WORKSPACE_ROOT_PATH: copy }),
    encoding: 'utf8',
  })
  if (error) throw error
  // ESLint exits 1 when it reports something, which is the purpose here, and 2 when it could not work.
  if (status === null || status > 1) throw new Error(`${command} ended with ${status}: ${stderr}`)
  return { status }
}

if (import.meta.main) {
  using copy = copyForLint(repositoryRoot)
  const problems = [
    ...findSilent(canaries, lintPlanted(copy.root, canaries)),
    ...checkPipeline(repositoryRoot),
  ]
  report('check-boundaries', problems, `${canaries.length} planted files, each judged by the right rule`)
}
