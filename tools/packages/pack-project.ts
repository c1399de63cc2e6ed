import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnvironment, type Project } from '../repository.ts'
import { toPublishManifest, type PackageManifest } from './publish-manifest.ts'

/** A package as it would be published. */
export interface Tarball {
  readonly name: string
  /** The path of the .tgz file. */
  readonly path: string
  /** The paths in it, as they lie in an installed package. */
  readonly files: readonly string[]
  /** Bytes once unpacked. */
  readonly unpackedSize: number
}

interface PackReport {
  readonly name: string
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/**
 * Packs one built project into `target` as it would be published: `dist`, README and LICENSE beside a package.json
 * without what serves the workspace only.
 *
 * @throws {Error} when the project has not been built.
 */
export function packProject(root: string, { folder }: Project, target: string): Tarball {
  const source = join(root, folder)
  if (!existsSync(join(source, 'dist'))) throw new Error(`${folder} has no dist: build it first`)
  const stage = mkdtempSync(join(tmpdir(), 'wid-pack-'))
  try {
    cpSync(join(source, 'dist'), join(stage, 'dist'), { recursive: true })
    cpSync(join(source, 'README.md'), join(stage, 'README.md'))
    cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'))
    const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as PackageManifest
    writeFileSync(
      join(stage, 'package.json'),
      `${JSON.stringify(toPublishManifest(manifest), undefined, 2)}\n`,
    )
    mkdirSync(target, { recursive: true })
    const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
      cwd: stage,
      env: cleanEnvironment(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const parsed = JSON.parse(output) as readonly PackReport[] | Readonly<Record<string, PackReport>>
    const [report] = Array.isArray(parsed) ? (parsed as readonly PackReport[]) : Object.values(parsed)
    if (report === undefined) throw new Error(`npm pack said nothing about ${folder}`)
    return {
      name: report.name,
      path: join(target, report.filename.replace(/^@/, '').replace('/', '-')),
      files: report.files.map((file) => file.path),
      unpackedSize: report.unpackedSize,
    }
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}
