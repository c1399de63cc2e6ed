import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnvironment } from '../repository.ts'
import type { Problems } from '../report.ts'
import { CORE_SUBJECT, coreProgram } from './core-program.ts'
import { SOURCE_CONDITION } from './publish-manifest.ts'

/**
 * Installs the tarball of core alone into the empty folder `folder`, issues and verifies a token there with the source
 * condition set, and looks at what was installed.
 */
export function consumeCore(tarball: string, folder: string): Problems {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  const program = coreProgram('@workload-identity/core', `console.log('${CORE_SUBJECT}')`)
  writeFileSync(join(folder, 'consumer.mjs'), program)
  const options = { cwd: folder, env: cleanEnvironment(), encoding: 'utf8', stdio: 'pipe' } as const
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], options)
  const installed = readdirSync(join(folder, 'node_modules'))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(folder, 'node_modules', name)).map((inner) => `${name}/${inner}`)
        : [name],
    )
  const said = execFileSync(process.execPath, [`--conditions=${SOURCE_CONDITION}`, 'consumer.mjs'], options)
  return [
    ...(installed.join() === '@workload-identity/core,jose'
      ? []
      : [`installing core alone brought ${installed.join(', ')}`]),
    ...(said.trim() === CORE_SUBJECT ? [] : [`the consumer of core said ${said.trim()}`]),
  ]
}
