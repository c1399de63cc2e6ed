import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this checkout, without a slash at its end. */
export const repositoryRoot = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** A text file of the repository; `path` is seen from its root. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

/** The parts of a package.json that the checks read. */
export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** A folder that holds a package.json; `folder` is seen from the root. */
export interface Project {
  readonly folder: string
  readonly manifest: Manifest
}

/**
 * Every file that is or would be committed: tracked and untracked ones, without the ignored and the deleted.
 *
 * @throws when git is missing or `root` is no checkout: a check that sees no files must not pass.
 */
export function listFiles(root: string): readonly string[] {
  const output = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return [...new Set(output.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path))).sort()
}

/** Reads those of `paths` that `wanted` accepts. */
export function readFiles(
  root: string,
  paths: readonly string[],
  wanted: (path: string) => boolean,
): readonly TextFile[] {
  return paths.filter(wanted).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Every folder under apps/, libs/ and tools that holds a package.json, found by looking and not by asking Nx. */
export function findProjects(root: string): readonly Project[] {
  const found: Project[] = []
  const visit = (folder: string): void => {
    if (existsSync(join(root, folder, 'package.json'))) {
      found.push({ folder, manifest: readManifest(root, folder) })
      return
    }
    if (!existsSync(join(root, folder))) return
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== 'node_modules') visit(`${folder}/${entry.name}`)
    }
  }
  for (const folder of ['apps', 'libs', 'tools']) visit(folder)
  return found.sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

/** Reads the package.json of a folder; `.` is the root's. */
export function readManifest(root: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
}

/** Whether a file exists for tests only, by the same names as in `eslint.config.js`. */
export function isTestFile(path: string): boolean {
  return /\.(test|testing)\.ts$/.test(path) || /(^|\/)test\//.test(path)
}

/** The environment for npm and Nx commands of a check: nothing of the npm command that may have started it. */
export function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(lifecycle|package|command|execpath|node_execpath)|NX_|INIT_CWD|NODE_OPTIONS|VITEST|NO_COLOR)/.test(
        name,
      ),
  )
  return { ...Object.fromEntries(kept), NX_DAEMON: 'false', NX_TUI: 'false', FORCE_COLOR: '0', ...extra }
}
