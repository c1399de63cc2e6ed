/*
 * Harm prevented: a package that works in this workspace and nowhere else: sources or tests in it, types that do not
 * resolve, the source condition left in its exports, dependencies that a consumer of core never asked for, or a core
 * that needs more of its runtime than it says. It judges what `nx build` has made.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { report, type Problems } from './report.ts'
import { findProjects, repositoryRoot } from './repository.ts'
import { consumeCore } from './packages/consume-core.ts'
import { runCoreInBareContext, runCoreOnOtherRuntimes } from './packages/core-elsewhere.ts'
import { judgeTarball } from './packages/judge-tarball.ts'
import { packProject } from './packages/pack-project.ts'

const folder = mkdtempSync(join(tmpdir(), 'wid-packages-'))
try {
  const projects = findProjects(repositoryRoot).filter((project) => project.folder.startsWith('libs/'))
  const tarballs = projects.map((project) => packProject(repositoryRoot, project, folder))
  const core = tarballs.find((tarball) => tarball.name === '@workload-identity/core')
  if (core === undefined) throw new Error('core was not packed')
  const consumer = join(folder, 'consumer')
  const problems: readonly Problems[] = [
    ...(await Promise.all(tarballs.map(judgeTarball))),
    consumeCore(core.path, consumer),
    await runCoreInBareContext(consumer),
    runCoreOnOtherRuntimes(join(repositoryRoot, 'tools/runtimes'), consumer),
  ]
  report(
    'check-packages',
    problems.flat(),
    `${tarballs.length} packages; core alone in an empty folder, in a bare context, on Node 22.14.0, Deno and Bun; core has ${core.unpackedSize} bytes unpacked`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
