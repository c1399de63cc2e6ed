/*
 * Harm prevented: an install that needs more than it says. On many machines a compiler, Python or git happen to be
 * there; where they are not, `npm ci` fails in a native package. So the packages are installed into a fresh copy of the
 * checkout with a PATH that holds exactly node, npm and sh, and the native module is used.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { report, type Problems } from './report.ts'
import { cleanEnvironment, listFiles, readManifest, repositoryRoot } from './repository.ts'

/** How a command ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What uses the native module and tells the version of Node it runs in. */
export const proof = `
  import Database from 'better-sqlite3'
  const db = new Database(':memory:')
  console.log(process.version, db.prepare('select 6 * 7 as answer').get().answer)
  db.close()`

/** Names what went wrong with an install and with the use of what it installed. */
export function judgeInstall(install: Ended, use: Ended | undefined, nodeVersion: string): Problems {
  if (install.status !== 0) return [`the install ended with ${install.status}:\n${install.stderr}`]
  if (use?.status !== 0) return [`better-sqlite3 cannot be used: ${use?.stderr}`]
  const wanted = `v${nodeVersion} 42`
  return use.stdout.trim() === wanted ? [] : [`the proof printed "${use.stdout.trim()}", not "${wanted}"`]
}

/** Fills `folder` with node, npm and sh of this machine, and nothing else. Packages of this checkout are not taken. */
export function makeBarePath(folder: string): void {
  const node = realpathSync(findCommand('node'))
  const shell = realpathSync('/bin/sh')
  symlinkSync(node, join(folder, 'node'))
  symlinkSync(shell, join(folder, 'sh'))
  // npm is a script that looks for node by way of `env`, which is not on the bare PATH: the same script, started by name.
  const npm = realpathSync(findCommand('npm'))
  writeFileSync(join(folder, 'npm'), `#!${shell}\nexec "${node}" "${npm}" "$@"\n`, { mode: 0o755 })
}

function findCommand(name: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '' || folder.includes('node_modules')) continue
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      continue
    }
  }
  throw new Error(`there is no ${name} on the PATH outside node_modules`)
}

/** Installs a copy of the checkout with the bare PATH and uses the native module in it. */
export function tryInstall(root: string): Problems {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'install-')))
  try {
    const path = join(work, 'bin')
    mkdirSync(path)
    makeBarePath(path)
    // A blank in its name, as some people's folders have.
    const checkout = join(work, 'a checkout')
    for (const file of listFiles(root)) {
      mkdirSync(dirname(join(checkout, file)), { recursive: true })
      copyFileSync(join(root, file), join(checkout, file))
    }
    const run = (command: string, args: readonly string[], cwd: string): Ended => {
      const env = cleanEnvironment({ PATH: path, npm_config_prefer_offline: 'true' })
      const ended = spawnSync(command, args, { cwd, encoding: 'utf8', env })
      if (ended.error) throw ended.error
      return ended
    }
    const install = run(join(path, 'sh'), [join(checkout, 'tools/install.sh')], work)
    const node = join(checkout, 'node_modules/node/bin/node')
    const args = ['--input-type=module', '--eval', proof]
    const use = install.status === 0 ? run(node, args, join(checkout, 'libs/driver/sqlite')) : undefined
    return judgeInstall(install, use, readManifest(root, '.').devDependencies?.['node'] ?? 'of no version')
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  report(
    'check-install',
    tryInstall(repositoryRoot),
    'installs and opens a database with only node, npm and sh',
  )
}
