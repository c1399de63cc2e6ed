/** A file that is planted into a copy of the workspace to see what lint says about it. */
export interface Canary {
  /** What the planted code does, as a sentence without a full stop. */
  readonly does: string
  /** The folder of the workspace it is planted in; it is named by the checks. */
  readonly folder: string
  readonly code: string
  /** Whether it is planted as a test. */
  readonly isTest?: boolean
  /** The rule, and the message of Nx's rule, that must report it; without it, none of the boundary rules may. */
  readonly reportedBy?: readonly [rule: string, messageId?: string]
}

const boundaries = '@nx/enforce-module-boundaries'
const core = 'libs/core/src'
const adapter = 'libs/key-store/sqlite/src'
const registry = 'libs/registry/sqlite/src'
const driver = 'libs/driver/sqlite/src'
const transport = 'libs/transport/http/src'
const settings = 'libs/settings/src'
const storeAdmin = 'libs/store-admin/src'
const service = 'libs/service/src'
const runner = 'libs/runner/src'
const contracts = 'libs/contracts/src'
const app = 'apps/issuer/src'

const imports = (specifier: string): string =>
  `import * as planted from '${specifier}'\nexport const used = planted\n`
const from = (folder: string, specifier: string, reportedBy: Canary['reportedBy']): Canary => ({
  does: `${folder} imports ${specifier}`,
  folder,
  code: imports(specifier),
  ...(reportedBy && { reportedBy }),
})
const inCore = (expression: string, rule: string | undefined): Canary => ({
  does: `${core} uses ${expression}`,
  folder: core,
  code: `export const used: unknown = ${expression}\n`,
  ...(rule !== undefined && { reportedBy: [rule] }),
})
const asTest = (canary: Canary): Canary => ({ ...canary, does: `a test of ${canary.does}`, isTest: true })

// In parts, so that the check of words does not find them here.
const focused = ['it', 'only'].join('.')
const skipped = ['it', 'skip'].join('.')

const onlyTags = [boundaries, 'onlyTagsConstraintViolation'] as const
const banned = [boundaries, 'bannedExternalImportsViolation'] as const
const restricted = ['no-restricted-imports'] as const
const circular = [boundaries, 'noCircularDependencies'] as const

/** Every import and every use that must be reported, and some next to them that must not. */
export const canaries: readonly Canary[] = [
  // the core is pure
  from(core, 'node:fs', restricted),
  from(core, 'fs', restricted),
  from(core, 'fs/promises', restricted),
  from(core, 'fastify', banned),
  from(core, 'zod', restricted),
  from(core, './testing/index.ts', restricted),
  from(core, '@workload-identity/key-store-sqlite', circular),
  from(core, 'jose', undefined),
  inCore('process.env', 'no-undef'),
  inCore('typeof process', 'no-undef'),
  inCore('fetch("https://example.com")', 'no-undef'),
  inCore('console.log("x")', 'no-undef'),
  inCore('setTimeout(() => undefined, 1)', 'no-undef'),
  inCore('Buffer.from("x")', 'no-undef'),
  inCore('document.title', 'no-undef'),
  inCore('new WebSocket("wss://example.com")', 'no-undef'),
  inCore('performance.now()', 'no-undef'),
  inCore('globalThis', 'no-restricted-globals'),
  inCore('Date.now()', 'no-restricted-properties'),
  inCore('Math.random()', 'no-restricted-properties'),
  inCore('new Date()', 'no-restricted-syntax'),
  inCore('Date()', 'no-restricted-syntax'),
  inCore('import("node:fs")', 'no-restricted-syntax'),
  inCore('import.meta.url', 'no-restricted-syntax'),
  inCore(
    '[new Date(0), crypto.randomUUID(), new TextEncoder(), new URL("a:b"), structuredClone({})]',
    undefined,
  ),
  asTest(from(core, 'node:fs', undefined)),

  // layers
  from(adapter, '@workload-identity/transport-http', onlyTags),
  from(adapter, '@workload-identity/registry-sqlite', onlyTags),
  from(registry, '@workload-identity/key-store-sqlite', onlyTags),
  from(adapter, '@workload-identity/settings', onlyTags),
  from(adapter, '@workload-identity/issuer', [boundaries]),
  from(adapter, '@workload-identity/contracts', onlyTags),
  from(adapter, '@workload-identity/core', undefined),
  from(adapter, '@workload-identity/driver-sqlite', undefined),
  from(driver, '@workload-identity/key-store-sqlite', circular),
  from(driver, '@workload-identity/settings', onlyTags),
  from(transport, '@workload-identity/key-store-sqlite', onlyTags),
  from(transport, '@workload-identity/driver-sqlite', onlyTags),
  from(settings, '@workload-identity/transport-http', onlyTags),
  from(storeAdmin, '@workload-identity/transport-http', onlyTags),
  from(storeAdmin, '@workload-identity/registry-sqlite', undefined),
  from(adapter, '@workload-identity/store-admin', circular),
  from(service, '@workload-identity/store-admin', onlyTags),
  from(service, '@workload-identity/transport-http', undefined),
  from(transport, '@workload-identity/service', circular),
  from(runner, '@workload-identity/service', onlyTags),
  from(runner, '@workload-identity/registry-sqlite', onlyTags),
  from(runner, '@workload-identity/issuer-client', undefined),
  from(contracts, '@workload-identity/settings', onlyTags),
  from(app, '@workload-identity/contracts', onlyTags),
  from(app, '@workload-identity/tools', [boundaries]),
  from(app, '@workload-identity/key-store-sqlite', undefined),
  from(app, '@workload-identity/service', undefined),
  from(core, '../../settings/src/index.ts', [boundaries, 'noRelativeOrAbsoluteImportsAcrossLibraries']),

  // npm packages
  from(adapter, 'fastify', banned),
  from(adapter, 'ioredis', [boundaries]),
  from(adapter, 'tsyringe', banned),
  from(transport, 'ioredis', [boundaries]),
  from(transport, 'better-sqlite3', banned),
  from(transport, 'tsyringe', banned),
  from(transport, 'reflect-metadata', banned),
  from(settings, 'fastify', banned),
  from(service, 'tsyringe', banned),
  from(driver, 'fastify', banned),
  from(contracts, 'fastify', banned),

  // tests
  from(adapter, '@workload-identity/core/testing', restricted),
  from(app, '@workload-identity/core/testing', restricted),
  from(transport, 'vitest', restricted),
  from(contracts, 'vitest', undefined),
  asTest(from(adapter, '@workload-identity/contracts', undefined)),
  asTest(from(adapter, '@workload-identity/core/testing', undefined)),
  asTest(from(adapter, 'vitest', undefined)),
  asTest(from(adapter, '@workload-identity/transport-http', onlyTags)),
  {
    does: 'a test is focused',
    folder: adapter,
    code: `import { it } from 'vitest'\n${focused}('x', () => undefined)\n`,
    isTest: true,
    reportedBy: ['vitest/no-focused-tests'],
  },
  {
    does: 'a test is skipped',
    folder: adapter,
    code: `import { it } from 'vitest'\n${skipped}('x', () => undefined)\n`,
    isTest: true,
    reportedBy: ['vitest/no-disabled-tests'],
  },

  // form
  {
    does: 'a default export',
    folder: adapter,
    code: 'export default 1\n',
    reportedBy: ['no-restricted-exports'],
  },
  {
    does: 'a star export',
    folder: adapter,
    code: `export * from '@workload-identity/core'\n`,
    reportedBy: ['no-restricted-syntax'],
  },
  {
    does: 'an enum',
    folder: adapter,
    code: 'export enum A {\n  b,\n}\n',
    reportedBy: ['no-restricted-syntax'],
  },
]
