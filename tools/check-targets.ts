/*
 * Harm prevented: `nx run-many -t test` exits 0 for a project that has no such target, so a new project that nobody
 * wired up would be green for ever without being linted, compiled, tested or built.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { report, type Problems } from './report.ts'
import { cleanEnvironment, findProjects, repositoryRoot } from './repository.ts'

/** What every project must be able to do. */
export const requiredTargets = ['lint', 'typecheck', 'test', 'build'] as const

/** What Nx knows of one project. */
export interface NxProject {
  readonly root: string
  readonly targets: Readonly<Record<string, { executor?: string; options?: { command?: string } }>>
}

/** Names every folder Nx does not know and every target that is missing or does nothing. */
export function missingTargets(folders: readonly string[], known: readonly NxProject[]): Problems {
  if (folders.length === 0) return ['no project was found at all']
  return folders.flatMap((folder) => {
    const project = known.find(({ root }) => root === folder)
    if (project === undefined)
      return [`${folder} is no project of Nx: add it to "workspaces" of the root package.json`]
    return requiredTargets
      .filter((target) => !project.targets[target]?.options?.command?.trim())
      .map(
        (target) =>
          `${folder} has no target "${target}" that runs a command: add "${target}": {} to nx.targets`,
      )
  })
}

/** Asks Nx for its projects. */
export function readNxProjects(root: string): readonly NxProject[] {
  const folder = mkdtempSync(join(tmpdir(), 'nx-graph-'))
  try {
    const file = join(folder, 'graph.json')
    execFileSync(join(root, 'node_modules/.bin/nx'), ['graph', `--file=${file}`], {
      cwd: root,
      env: cleanEnvironment(),
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const graph = JSON.parse(readFileSync(file, 'utf8')) as {
      graph: { nodes: Record<string, { data: NxProject }> }
    }
    return Object.values(graph.graph.nodes).map(({ data }) => data)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const folders = findProjects(repositoryRoot).map(({ folder }) => folder)
  report(
    'check-targets',
    missingTargets(folders, readNxProjects(repositoryRoot)),
    `${folders.length} projects, each with ${requiredTargets.join(', ')}`,
  )
}
