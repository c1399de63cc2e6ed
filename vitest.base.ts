import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** What a project may decide for itself. */
export interface ProjectOptions {
  /** Where its tests are, seen from its own folder. */
  readonly include?: string[]
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
      passWithNoTests: false,
      allowOnly: false,
      retry: 0,
      testTimeout: 20_000,
      hookTimeout: 60_000,
      reporters:
        reports === undefined
          ? ['default']
          : ['default', ['json', { outputFile: `${reports}/${name}.json` }]],
    },
  })
}
