import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findProjects, repositoryRoot } from '../repository.ts'
import { countTests, sumCounts, type TestCount, type VitestReport } from './count-tests.ts'
import { runCommand, runPool } from './run-command.ts'

// Runs every stage, also after one that failed, so that one run shows all there is to repair. Each check counts as a
// test; format, lint, typecheck and build count only when they fail.

const bin = join(repositoryRoot, 'node_modules/.bin')
const parallel = 2

interface StageResult {
  readonly name: string
  readonly count: TestCount
  readonly seconds: number
}

const stages: Readonly<Record<string, () => Promise<readonly StageResult[]>>> = {
  // One ESLint and one compiler for the whole workspace: one for each project would read most files again every time.
  // The rules about layers read the graph of Nx, which has to be there and of now.
  lint: () =>
    silentStage('lint', [
      ['nx', 'show', 'projects'],
      ['eslint', '--max-warnings=0', 'apps', 'libs', 'tools'],
    ]),
  build: () => silentStage('build', [['nx', 'run-many', '-t', 'build', '--nxBail=false']]),
  typecheck: () => silentStage('typecheck', [['tsc', '-p', 'tsconfig.all.json']]),
  format: () => silentStage('format', [['prettier', '--check', '--log-level=warn', '.']]),
  checks: () =>
    runPool(
      parallel,
      findChecks().map((name) => () => runCheck(name)),
    ),
  test: runTests,
}
// Those of a row run side by side. The checks come after the build, which some of them look at.
const rows = [['lint', 'build', 'typecheck', 'format'], ['checks'], ['test']]

// Hundreds of processes load the same compilers and sources.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache')
const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = values.only?.split(',') ?? Object.keys(stages)
const results: StageResult[] = []
for (const name of chosen) {
  if (!(name in stages)) throw new Error(`no stage "${name}": there are ${Object.keys(stages).join(', ')}`)
}
for (const row of rows) {
  const wanted = row.filter((name) => chosen.includes(name))
  if (wanted.length > 0) console.log(`\n== ${wanted.join(', ')}`)
  const found = await runPool(
    parallel,
    wanted.map((name) => async () => (await stages[name]?.()) ?? []),
  )
  results.push(...found.flat())
}

console.log('\n== summary')
for (const { name, count, seconds } of results) {
  const said = count.failed > 0 ? `FAILED (${count.failed})` : 'ok'
  console.log(
    `${name.padEnd(20)} ${said.padEnd(12)} ${String(count.passed).padStart(6)} passed ${seconds.toFixed(1).padStart(7)} s`,
  )
}
const { passed, failed } = sumCounts(results.map(({ count }) => count))
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** A stage that has no tests of its own: commands of which each must succeed before the next. */
async function silentStage(
  name: string,
  commands: readonly (readonly [command: string, ...args: string[]])[],
): Promise<readonly StageResult[]> {
  const watch = startWatch()
  let failed = 0
  for (const [command, ...args] of commands) {
    if (failed > 0) break
    failed =
      (await runCommand(join(bin, command), args, { cwd: repositoryRoot, isBuffered: true })) === 0 ? 0 : 1
  }
  return [{ name, count: { passed: 0, failed }, seconds: watch() }]
}

function findChecks(): readonly string[] {
  const names = readdirSync(join(repositoryRoot, 'tools')).filter((name) =>
    /^check-[a-z0-9-]+\.ts$/.test(name),
  )
  // The slow ones first, so that the others fit in beside them.
  const slow = ['check-install.ts', 'check-node-22.ts', 'check-boundaries.ts']
  return [...slow, ...names.filter((name) => !slow.includes(name))]
}

async function runCheck(file: string): Promise<StageResult> {
  const watch = startWatch()
  const code = await runCommand(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', `tools/${file}`],
    {
      cwd: repositoryRoot,
      isBuffered: true,
    },
  )
  const count = code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  return { name: file.replace(/\.ts$/, ''), count, seconds: watch() }
}

async function runTests(): Promise<readonly StageResult[]> {
  const watch = startWatch()
  const reports = mkdtempSync(join(tmpdir(), 'test-reports-'))
  try {
    // The longest project runs beside all others from the start: it waits for processes more than it computes.
    const longest = '@workload-identity/issuer'
    const codes = await runPool(
      parallel,
      [
        ['run', `${longest}:test`],
        ['run-many', '-t', 'test', '--exclude', longest, '--nxBail=false'],
      ].map((args) => () => {
        const options = { cwd: repositoryRoot, env: { TEST_REPORTS: reports }, isBuffered: true }
        return runCommand(join(bin, 'nx'), args, options)
      }),
    )
    const projects = findProjects(repositoryRoot).map(({ manifest }) =>
      manifest.name.replace(/^@[^/]+\//, ''),
    )
    const counted = sumCounts(
      projects.map((project) => countTests(readReport(join(reports, `${project}.json`)))),
    )
    const isFailed = codes.some((code) => code !== 0)
    const count = isFailed && counted.failed === 0 ? { ...counted, failed: 1 } : counted
    return [{ name: 'test', count, seconds: watch() }]
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport
  } catch {
    console.error(`there is no test report ${file}: the project's tests did not run`)
    return undefined
  }
}

function startWatch(): () => number {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}
