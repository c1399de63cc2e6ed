import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { listFiles } from './repository.ts'

/** A copy of the workspace in a temporary folder, for experiments that must not touch the checkout. */
export interface WorkspaceCopy extends Disposable {
  readonly root: string
}

/**
 * Copies the files of the workspace that `wanted` accepts. Installed packages are linked one by one, so that the
 * packages of the workspace resolve to the copy and not back to the checkout.
 */
export function copyWorkspace(root: string, wanted: (path: string) => boolean): WorkspaceCopy {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'workspace-')))
  const dispose = (): void => rmSync(copy, { recursive: true, force: true })
  try {
    for (const path of listFiles(root).filter(wanted)) {
      mkdirSync(dirname(join(copy, path)), { recursive: true })
      copyFileSync(join(root, path), join(copy, path))
    }
    mkdirSync(join(copy, 'node_modules/@workload-identity'), { recursive: true })
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name !== '@workload-identity')
        symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name))
    }
    for (const name of readdirSync(join(root, 'node_modules/@workload-identity'))) {
      const target = realpathSync(join(root, 'node_modules/@workload-identity', name)).slice(
        realpathSync(root).length,
      )
      symlinkSync(join(copy, target), join(copy, 'node_modules/@workload-identity', name))
    }
  } catch (error) {
    dispose()
    throw error
  }
  return { root: copy, [Symbol.dispose]: dispose }
}
