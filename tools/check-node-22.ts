/*
 * Harm prevented: a library that runs on the Node.js of this checkout and fails on the oldest one it says it supports.
 * The unit and contract suites of every library run on exactly Node.js 22.14.0.
 */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { report } from './report.ts'
import { cleanEnvironment, findProjects, repositoryRoot } from './repository.ts'

const oldest = 'v22.14.0'
const node = join(repositoryRoot, 'tools/runtimes/node_modules/.bin/node')
/** What takes long and would show nothing more: races, crashes and outages among processes. */
const slow = ['trials', 'failures', 'cluster', 'sentinel', 'durable', 'stale-savers']
const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs')

/** Many tests wait for time-outs and processes, so two projects take hardly longer than one. */
const AT_ONCE = 2
const run = promisify(execFile)

/** Runs a project's tests on the oldest Node.js; gives what it printed when they fail. */
async function runTests(folder: string): Promise<string | undefined> {
  // This Node.js strips types only when asked to; tests start processes that need it as well.
  const env = cleanEnvironment({
    NODE_OPTIONS: '--experimental-strip-types --disable-warning=ExperimentalWarning',
  })
  try {
    const options = { cwd: join(repositoryRoot, folder), env, maxBuffer: 64 * 1024 * 1024 }
    const excluded = slow.flatMap((name) => ['--exclude', `**/*${name}*`])
    await run(node, [vitest, 'run', ...excluded], options)
    return undefined
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    return `${stdout}\n${stderr}`
  }
}

const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
const libraries = findProjects(repositoryRoot)
  .map((project) => project.folder)
  .filter((folder) => folder.startsWith('libs/'))
const problems: string[] = []
const waiting = libraries.values()
const work = async () => {
  for (const folder of waiting) {
    const failure = await runTests(folder)
    if (failure !== undefined) problems.push(`the tests of ${folder} fail on ${version}:\n${failure}`)
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work))
if (version !== oldest) problems.push(`this is ${version} instead of ${oldest}`)
report('check-node-22', problems, `the tests of ${libraries.length} libraries pass on ${version}`)
