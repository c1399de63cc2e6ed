/*
 * Harm prevented: a script that only a compiler or one shell could read. The scripts here are never built: Node strips
 * their types as it runs them, and `sh` may be any POSIX shell.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { report, type Problems } from './report.ts'
import { listFiles, repositoryRoot } from './repository.ts'

/** Whether a file is a script that is run as it is. */
export function isScript(path: string): boolean {
  return /^tools\/.*(\.sh|(?<!\.test)\.ts)$/.test(path) || path === '.ci/run'
}

/** Names every script that its interpreter cannot parse, and every shell script that may not be executed. */
export function findBrokenScripts(root: string, paths: readonly string[]): Problems {
  return paths.flatMap((path) => {
    const file = join(root, path)
    const isShell = !path.endsWith('.ts')
    const fault = isShell ? shellFault(path.endsWith('.sh') ? 'sh' : 'bash', file) : typeScriptFault(file)
    return [
      ...(fault === undefined ? [] : [`${path} cannot be parsed: ${fault}`]),
      ...(isShell && (statSync(file).mode & 0o111) === 0 ? [`${path} is not executable: chmod +x`] : []),
    ]
  })
}

function shellFault(shell: string, file: string): string | undefined {
  const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
  if (error) throw error
  return status === 0 ? undefined : stderr.trim()
}

/** What Node's own type stripping says of a file; `node --check` would not look at the types of a module. */
function typeScriptFault(file: string): string | undefined {
  try {
    stripTypeScriptTypes(readFileSync(file, 'utf8'))
    return undefined
  } catch (error) {
    return String(error)
  }
}

if (import.meta.main) {
  const paths = listFiles(repositoryRoot).filter(isScript)
  report(
    'check-scripts',
    findBrokenScripts(repositoryRoot, paths),
    `${paths.length} scripts can be run as they are`,
  )
}
