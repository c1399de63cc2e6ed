/*
 * Harm prevented: files that import each other. Nx sees cycles between projects only; inside one, a cycle makes the
 * order of loading decide what is defined, and neither file can be understood or moved without the other.
 */
import { posix } from 'node:path'
import { importsOf } from './imports.ts'
import { report, type Problems } from './report.ts'
import { listFiles, readFiles, repositoryRoot, type TextFile } from './repository.ts'

/** Names every cycle of relative imports once, as the path that leads back to its first file. Types count too. */
export function findCycles(files: readonly TextFile[]): Problems {
  const known = new Set(files.map(({ path }) => path))
  const edges = new Map(
    files.map(({ path, text }) => {
      const targets = importsOf(path, text)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
      return [path, targets.filter((target) => known.has(target))]
    }),
  )
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      cycles.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`)
      return
    }
    if (done.has(path)) return
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of known) visit(path, [])
  return cycles
}

if (import.meta.main) {
  const files = readFiles(repositoryRoot, listFiles(repositoryRoot), (path) => path.endsWith('.ts'))
  report('check-cycles', findCycles(files), `${files.length} TypeScript files, no import cycle`)
}
