/*
 * Harm prevented: a package that works here because a neighbour happens to install what it imports, and fails where it
 * is installed alone; or one that drags along what it no longer uses.
 */
import { builtinModules } from 'node:module'
import { importsOf, packageOf } from './imports.ts'
import { report, type Problems } from './report.ts'
import {
  findProjects,
  isTestFile,
  listFiles,
  readFiles,
  readManifest,
  repositoryRoot,
  type Manifest,
  type Project,
  type TextFile,
} from './repository.ts'

/** Dependencies that no source names, each with the reason why it is needed all the same. */
export const unnamed: Readonly<Record<string, string>> = {}

interface Uses {
  readonly shipped: ReadonlySet<string>
  readonly tested: ReadonlySet<string>
}

/** Compares what one project declares with what its files import, in both directions. */
export function compareDependencies(
  { folder, manifest }: Project,
  files: readonly TextFile[],
  rootManifest: Manifest,
): Problems {
  const { shipped, tested } = findUses(manifest.name, files)
  const runtime = { ...manifest.dependencies, ...manifest.peerDependencies }
  const forTests = { ...manifest.devDependencies, ...rootManifest.devDependencies }
  const where = `${folder}/package.json`
  return [
    ...[...shipped]
      .filter((name) => !(name in runtime))
      .map((name) => `${where} lacks "${name}" in dependencies, which its sources import`),
    ...[...tested]
      .filter((name) => !(name in runtime) && !(name in forTests))
      .map((name) => `${where} lacks "${name}" in devDependencies, which its tests import`),
    ...Object.keys(runtime)
      .filter((name) => !shipped.has(name) && !(name in unnamed))
      .map((name) =>
        tested.has(name)
          ? `${where} has "${name}" in dependencies, but only tests import it: move it to devDependencies`
          : `${where} declares "${name}", which nothing imports`,
      ),
    ...Object.keys(manifest.devDependencies ?? {})
      .filter(
        (name) => !tested.has(name) && !shipped.has(typedPackage(name)) && !tested.has(typedPackage(name)),
      )
      .filter((name) => !(name in unnamed))
      .map((name) => `${where} declares "${name}" in devDependencies, which no test imports`),
    ...Object.keys(manifest.devDependencies ?? {})
      .filter((name) => name in (manifest.dependencies ?? {}))
      .map((name) => `${where} declares "${name}" twice`),
  ]
}

/** Names every version that differs between projects: their own, those of siblings, and those of npm packages. */
export function compareVersions(projects: readonly Project[], rootManifest: Manifest): Problems {
  const problems: string[] = []
  const own = new Set(projects.map(({ manifest }) => manifest.name))
  const seen = new Map<string, { range: string; folder: string }>()
  for (const { folder, manifest } of [...projects, { folder: '.', manifest: rootManifest }]) {
    if (manifest.version !== rootManifest.version) {
      problems.push(`${folder} has version ${manifest.version}, the root has ${rootManifest.version}`)
    }
    const declared = Object.entries({ ...manifest.devDependencies, ...manifest.dependencies })
    for (const [name, range] of declared) {
      if (own.has(name)) {
        if (range !== rootManifest.version) {
          problems.push(
            `${folder} asks for ${name} ${range}, siblings are versioned together as ${rootManifest.version}`,
          )
        }
        continue
      }
      const other = seen.get(name)
      if (other === undefined) seen.set(name, { range, folder })
      else if (other.range !== range) {
        problems.push(`${folder} asks for ${name} ${range}, ${other.folder} for ${other.range}`)
      }
    }
  }
  return problems
}

function findUses(self: string, files: readonly TextFile[]): Uses {
  const shipped = new Set<string>()
  const tested = new Set<string>()
  for (const { path, text } of files) {
    const uses =
      isTestFile(path) || path.endsWith('vitest.config.ts') || path.startsWith('tools/') ? tested : shipped
    for (const { specifier } of importsOf(path, text)) {
      const name = packageOf(specifier)
      if (name !== undefined && name !== self && !builtinModules.includes(name)) uses.add(name)
    }
  }
  return { shipped, tested }
}

/** `@types/x` is used where `x` is, `@types/a__b` where `@a/b` is. */
function typedPackage(name: string): string {
  if (!name.startsWith('@types/')) return name
  const typed = name.slice('@types/'.length)
  return typed.includes('__') ? `@${typed.replace('__', '/')}` : typed
}

if (import.meta.main) {
  const projects = findProjects(repositoryRoot)
  const files = listFiles(repositoryRoot)
  const rootManifest = readManifest(repositoryRoot, '.')
  const problems = projects.flatMap((project) =>
    compareDependencies(
      project,
      readFiles(
        repositoryRoot,
        files,
        (path) => path.startsWith(`${project.folder}/`) && path.endsWith('.ts'),
      ),
      rootManifest,
    ),
  )
  report(
    'check-dependencies',
    [...problems, ...compareVersions(projects, rootManifest)],
    `${projects.length} packages declare what they import`,
  )
}
