import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** The Vitest configuration every project shares: sources instead of builds, no retries, no globals. */
export function defineProject(name: string): ViteUserConfig {
  const conditions = ['@workload-identity/source', 'node', 'import', 'default']
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name,
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      passWithNoTests: false,
      testTimeout: 20_000,
      hookTimeout: 60_000,
    },
  })
}
