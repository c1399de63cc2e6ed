import nx from '@nx/eslint-plugin'
import vitest from '@vitest/eslint-plugin'
import prettier from 'eslint-config-prettier/flat'
import tseslint from 'typescript-eslint'

/*
 * Rules that hold the architecture: who may import whom (by the tags of each package.json), what the core may touch,
 * and what only tests may use. Nx reads its project graph from a cache, so lint through `nx lint`; the canary
 * `tools/check-boundaries.ts` proves that every rule below still reports.
 */

const testFiles = ['**/*.test.ts', '**/*.testing.ts', '**/test/**']
const coreFiles = ['libs/core/src/**/*.ts']

const http = ['fastify', 'fastify-plugin', '@fastify/*']
const container = ['tsyringe', 'reflect-metadata']
const drivers = {
  file: [],
  sqlite: ['better-sqlite3'],
  redis: ['ioredis', 'redis', '@redis/*'],
}
const stores = Object.values(drivers).flat()
const testing = ['vitest', 'fast-check']

/** What each layer may import; `packages` is an allow-list of npm packages, `notPackages` a ban. */
const layers = {
  core: { layers: ['core'], packages: ['jose', 'jose/*'] },
  // Drivers report in the error codes of core, hence the second layer.
  driver: { layers: ['driver', 'core'], notPackages: [...http, ...container] },
  adapter: { layers: ['core', 'driver'], notPackages: [...http, ...container] },
  // The schemas of the HTTP API, which servers and clients share.
  api: { layers: ['core'], packages: ['typebox', 'typebox/*'] },
  // Client and server of the API are tested against each other.
  transport: { layers: ['core', 'api'], testLayers: ['transport'], notPackages: [...stores, ...container] },
  settings: { layers: ['core'], notPackages: [...stores, ...http, ...container] },
  // Its trials bundle the programs that they start by the hundred.
  contracts: { layers: ['core'], packages: [...testing, 'esbuild'] },
  edge: { layers: ['core'], notPackages: [...stores, ...container] },
  // The runner is an edge that speaks to the issuer, so it may use a transport.
  'edge-runner': { layers: ['core', 'api', 'transport'], notPackages: [...stores, ...container] },
  // What the services have in common as processes: logs, signals, listeners, metrics.
  service: { layers: ['core', 'settings', 'transport'], notPackages: [...stores, ...container] },
  // Whoever deals with stores as a whole, whatever the engine, for the apps and the tools of operators.
  'store-admin': { layers: ['core', 'driver', 'adapter'], notPackages: [...http, ...container] },
  app: {
    layers: [
      ...['core', 'api', 'driver', 'adapter', 'store-admin', 'transport', 'settings', 'edge', 'edge-runner'],
      'service',
    ],
  },
}

/** The constraints of Nx for files that ship, or for tests, which may also use the contracts and the test runner. */
function boundaries({ inTests }) {
  const extraLayers = inTests ? ['contracts'] : []
  const byLayer = Object.entries(layers).map(
    ([name, { layers: allowed, testLayers = [], packages, notPackages }]) => ({
      sourceTag: `layer:${name}`,
      onlyDependOnLibsWithTags: [...allowed, ...extraLayers, ...(inTests ? testLayers : [])].map(
        (layer) => `layer:${layer}`,
      ),
      ...(packages && { allowedExternalImports: [...packages, ...(inTests ? testing : [])] }),
      ...(notPackages && { bannedExternalImports: notPackages }),
    }),
  )
  const byDriver = Object.entries(drivers).map(([name, own]) => ({
    sourceTag: `driver:${name}`,
    onlyDependOnLibsWithTags: [
      `driver:${name}`,
      ...['core', ...extraLayers].map((layer) => `layer:${layer}`),
    ],
    bannedExternalImports: stores.filter((store) => !own.includes(store)),
  }))
  const byPort = [
    { sourceTag: 'port:key-store', notDependOnLibsWithTags: ['port:registry'] },
    { sourceTag: 'port:registry', notDependOnLibsWithTags: ['port:key-store'] },
  ]
  const depConstraints = [
    ...byLayer,
    ...byDriver,
    ...byPort,
    { sourceTag: 'layer:tool', onlyDependOnLibsWithTags: ['*'] },
  ]
  return ['error', { banTransitiveDependencies: true, depConstraints }]
}

const testOnlyImports = [
  {
    regex: '^(vitest|fast-check)(/|$)',
    message: 'The test runner belongs in test files only (libs/contracts excepted).',
  },
  { regex: '^@workload-identity/[^/]+/testing$', message: 'Fakes belong in test files only.' },
]
const coreImports = [
  {
    regex: '^(?!\\.{1,2}/)(?!jose(/|$))',
    message: 'The core is pure: it imports its own files and jose, nothing of Node and no other package.',
  },
]
const coreTestingImports = [
  {
    regex: '(^|/)testing(/|$)',
    message: 'Code of the core that ships must not reach its fakes and fixtures.',
  },
]

const noDynamicTestImports = {
  selector: 'ImportExpression[source.value=/^(vitest|fast-check)(\\u002F|$)|\\u002Ftesting$/]',
  message: 'The test runner and fakes belong in test files only.',
}
const noEnums = {
  selector: 'TSEnumDeclaration',
  message: 'Use a union of literals: enums do not survive type stripping.',
}
const noStarExports = {
  selector: 'ExportAllDeclaration',
  message: 'Name what is exported, so that the public surface is a decision.',
}
const purity = [
  { selector: 'ImportExpression', message: 'The core loads nothing at run time.' },
  { selector: 'MetaProperty[meta.name="import"]', message: 'The core does not know where it is installed.' },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'The core reads no clock: take `now`.',
  },
  { selector: 'CallExpression[callee.name="Date"]', message: 'The core reads no clock: take `now`.' },
]

/** Everything the core may find around it besides ECMAScript: what Node, Deno, Bun, Workers and browsers share. */
const coreValues = [
  ...['crypto', 'TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams'],
  ...['atob', 'btoa', 'structuredClone'],
]
const webCryptoTypes = [
  ...['Crypto', 'CryptoKey', 'CryptoKeyPair', 'SubtleCrypto', 'JsonWebKey', 'KeyUsage', 'BufferSource'],
  ...['Algorithm', 'AlgorithmIdentifier', 'KeyAlgorithm', 'RsaHashedKeyAlgorithm', 'EcKeyAlgorithm'],
  ...['RsaHashedKeyGenParams', 'EcKeyGenParams', 'RsaHashedImportParams', 'EcKeyImportParams'],
  ...['RsaPssParams', 'EcdsaParams'],
]
const coreGlobals = Object.fromEntries([...coreValues, ...webCryptoTypes].map((name) => [name, 'readonly']))

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/data/**', '**/.nx/**'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.base.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': boundaries({ inTests: false }),
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // An interface that is merged into another needs its type parameter by name, used or not.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^(_|T$)' },
      ],
      // Durations are branded numbers, and -duration is a number all the same.
      '@typescript-eslint/no-unsafe-unary-minus': 'off',
      // A port's method is async whether or not one implementation of it has to wait.
      '@typescript-eslint/require-await': 'off',
      // Marked by its author as deprecated only to stand out; the checks speak http on loopback.
      '@typescript-eslint/no-deprecated': [
        'error',
        { allow: [{ from: 'package', package: 'openid-client', name: 'allowInsecureRequests' }] },
      ],
      // Ports and harnesses are made by functions and use no `this`, so taking a method out of one is safe.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } },
      ],
      'no-restricted-imports': ['error', { patterns: testOnlyImports }],
      'no-restricted-syntax': ['error', noEnums, noStarExports, noDynamicTestImports],
    },
  },

  {
    files: coreFiles,
    ignores: testFiles,
    languageOptions: { globals: coreGlobals, parserOptions: { lib: ['es2024'] } },
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [...testOnlyImports, ...coreImports, ...coreTestingImports] },
      ],
      'no-restricted-syntax': ['error', noEnums, noStarExports, ...purity],
      'no-undef': ['error', { typeof: true }],
      'no-restricted-globals': [
        'error',
        { name: 'globalThis', message: 'It would let every global through; name the one that is needed.' },
        { name: 'Intl', message: 'It depends on the locale and the time zone of the machine.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The core reads no clock: take `now`.' },
        { object: 'Math', property: 'random', message: 'Use crypto.getRandomValues.' },
      ],
      'no-eval': 'error',
      'no-new-func': 'error',
    },
  },
  {
    files: ['libs/core/src/testing/**/*.ts'],
    ignores: testFiles,
    rules: { 'no-restricted-imports': ['error', { patterns: [...testOnlyImports, ...coreImports] }] },
  },

  {
    // Proofs on demand: they start real servers as tests do.
    files: ['tools/{bench,chaos,crash,simulation,token-files}/**/*.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: ['libs/contracts/src/**/*.ts', '**/vitest.config.ts', 'vitest.base.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-syntax': ['error', noEnums, noStarExports] },
  },
  {
    files: ['**/vitest.config.ts'],
    rules: { 'no-restricted-exports': 'off', '@nx/enforce-module-boundaries': 'off' },
  },
  { files: ['tools/**/*.ts'], rules: { 'no-console': 'off' } },

  {
    files: testFiles,
    plugins: { vitest },
    rules: {
      '@nx/enforce-module-boundaries': boundaries({ inTests: true }),
      'no-restricted-imports': 'off',
      'no-restricted-syntax': ['error', noEnums, noStarExports],
      'vitest/no-focused-tests': 'error',
      'vitest/no-disabled-tests': 'error',
      'vitest/no-identical-title': 'error',
      // Answers and documents are read as JSON and compared whole: their types are what is being tested.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `[...'abc']` and copies of errors are how tests make their cases.
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  prettier,
)
