import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import { build } from 'esbuild'
import { cleanEnvironment } from '../repository.ts'
import type { Problems } from '../report.ts'
import { CORE_SUBJECT, coreProgram } from './core-program.ts'

/** Everything a runtime has to offer for core to work, besides ECMAScript itself. */
const globals = {
  crypto: globalThis.crypto,
  TextEncoder,
  TextDecoder,
  URL,
  atob,
  btoa,
  structuredClone,
}

/**
 * Bundles the core installed in `folder` for browsers and runs it in a bare context that has nothing but WebCrypto,
 * TextEncoder, TextDecoder, URL, atob, btoa and structuredClone: no console, no timers, no process, no fetch.
 */
export async function runCoreInBareContext(folder: string): Promise<Problems> {
  const program = coreProgram('@workload-identity/core', `globalThis.said = '${CORE_SUBJECT}'`)
  const bundle = await build({
    stdin: { contents: program, resolveDir: folder },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    logLevel: 'silent',
  })
  // A script has no top-level await, so the module's body becomes an asynchronous function.
  const body = bundle.outputFiles[0]?.text ?? ''
  const context = createContext({ ...globals })
  await (new Script(`(async () => {${body}\n})()`).runInContext(context) as Promise<void>)
  return context['said'] === CORE_SUBJECT ? [] : ['core did not run in a bare context']
}

/** Runs the consumer program of `folder` on the other runtimes below `runtimes`: Node 22.14.0, Deno and Bun. */
export function runCoreOnOtherRuntimes(runtimes: string, folder: string): Problems {
  const bin = join(runtimes, 'node_modules/.bin')
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['node', 'consumer.mjs'],
    ['deno', 'run', '--no-lock', '--cached-only', 'consumer.mjs'],
    ['bun', 'run', 'consumer.mjs'],
  ]
  return commands.flatMap(([runtime, ...args]) => {
    const options = { cwd: folder, env: cleanEnvironment(), encoding: 'utf8', stdio: 'pipe' } as const
    const said = execFileSync(join(bin, runtime), args, options).trim()
    return said === CORE_SUBJECT ? [] : [`core on ${runtime} said: ${said}`]
  })
}
