import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** What a project may decide for itself. */
export interface ProjectOptions {
  /** Where its tests are, seen from its own folder. */
  readonly include?: string[]
  /** How many of its files run at the same time; Vitest decides by the number of cores unless given. */
  readonly maxWorkers?: number
}

/**
 * The Vitest configuration every project shares: sources instead of builds, no retries, no globals. With
 * `TEST_REPORTS` set to a folder, each project also leaves `<name>.json` there, from which `tools/test/main.ts` counts.
 */
export function defineProject(name: string, options: ProjectOptions = {}): ViteUserConfig {
  const conditions = ['@workload-identity/source', 'node', 'import', 'default']
  const reports = process.env['TEST_REPORTS']
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name,
      include: options.include ?? ['src/**/*.test.ts', 'test/**/*.test.ts'],
      exclude: ['**/node_modules/**', '**/dist/**'],
      ...(options.maxWorkers !== undefined && { maxWorkers: options.maxWorkers }),
      passWithNoTests: false,
      allowOnly: false,
      retry: 0,
      // Loading the sources again for each of two hundred files takes longer than most of their tests.
      isolate: false,
      // Tests start hundreds of processes that load the same files.
      env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
      // Waiting has generous limits: they are no assertions, and a busy machine is slow by an order of magnitude.
      testTimeout: 60_000,
      hookTimeout: 120_000,
      reporters:
        reports === undefined
          ? ['default']
          : ['default', ['json', { outputFile: `${reports}/${name}.json` }]],
    },
  })
}
