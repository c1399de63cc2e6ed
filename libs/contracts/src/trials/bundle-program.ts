import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'

/** How long a bundle that nobody asks for any more is kept, in milliseconds: a week. */
const KEPT_MS = 7 * 24 * 3600 * 1000
/** What is no JavaScript, and so stays where it is installed. */
const NATIVE = /^better-sqlite3$/
/** What stands for `import.meta.url` in a bundle. */
const SOURCE_URL = '__sourceUrl'
const preamble = `
  import { createRequire as requireFrom } from 'node:module'
  const require = requireFrom(import.meta.url)
  globalThis.${SOURCE_URL} = import.meta.url
`

const bundles = new Map<string, Promise<string>>()

/**
 * Makes one JavaScript file of a program and everything it imports, and gives the path of that file: Node starts it several
 * times faster than hundreds of sources, which counts in tests that start processes by the hundred. The same sources
 * give the same file in the temporary folder of the system, so that all who start the program share it; one that was not asked for in a
 * week is removed.
 *
 * In sources `import.meta.url` stays the URL of the source. Native packages are loaded from where they are installed.
 *
 * @param entry the text of a TypeScript module that imports files by their absolute paths.
 * @throws when esbuild cannot resolve or parse what is imported.
 */
export function bundleProgram(entry: string): Promise<string> {
  const made = bundles.get(entry) ?? makeBundle(entry)
  bundles.set(entry, made)
  return made
}

async function makeBundle(entry: string): Promise<string> {
  // Only those who start processes need it.
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: '/', loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    conditions: ['@workload-identity/source'],
    // A file that is imported runs, as it does without a bundle.
    ignoreAnnotations: true,
    external: ['esbuild'],
    define: { 'import.meta.url': SOURCE_URL },
    banner: { js: preamble },
    plugins: [keepUrls, leaveNative],
    logLevel: 'silent',
  })
  const content = outputFiles[0]?.contents ?? new Uint8Array()
  const folder = join(tmpdir(), 'workload-identity-programs')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${createHash('sha256').update(content).digest('hex').slice(0, 32)}.mjs`)
  const isThere = await touch(path)
  if (!isThere) {
    // Others may be making the same file.
    const temporary = `${path}.${randomUUID()}`
    await writeFile(temporary, content)
    await rename(temporary, path)
    await removeForgotten(folder)
  }
  return path
}

/** Where a file was before it was bundled, which is where it looks for others. */
const keepUrls: Plugin = {
  name: 'keep-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const url = JSON.stringify(pathToFileURL(path).href)
      return text.includes('import.meta.url')
        ? { contents: `const ${SOURCE_URL} = ${url}; ${text}`, loader: 'ts' }
        : undefined
    })
  },
}

const leaveNative: Plugin = {
  name: 'leave-native',
  setup({ onResolve }) {
    onResolve({ filter: NATIVE }, ({ path, importer }) => ({
      path: pathToFileURL(createRequire(importer).resolve(path)).href,
      external: true,
    }))
  },
}

async function touch(path: string): Promise<boolean> {
  const now = new Date()
  return utimes(path, now, now).then(
    () => true,
    () => false,
  )
}

async function removeForgotten(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))
    if (mtimeMs < Date.now() - KEPT_MS) await rm(path, { force: true })
  }
}
