import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logging.ts'
import { createLifecycle } from './lifecycle.ts'
import { shutDown } from './run-process.ts'

const run = promisify(execFile)
const quiet = createLogger('error', { write: () => undefined })

describe('exitOnBug', () => {
  it.each([
    ['a rejection', "void Promise.reject(new Error('lost'))"],
    ['an exception', "setImmediate(() => { throw new Error('lost') })"],
  ])('logs %s that nobody handled and exits with 1', async (_, bug) => {
    const program = `
      import { exitOnBug } from ${JSON.stringify(import.meta.resolve('./run-process.ts'))}
      import { createLogger } from ${JSON.stringify(import.meta.resolve('./logging.ts'))}
      exitOnBug(createLogger('info'))
      setInterval(() => undefined, 1000)
      ${bug}`
    const flags = ['--conditions=@workload-identity/source', '--input-type=module', '--eval', program]
    const finished = await run(process.execPath, flags).catch((error: unknown) => error)
    expect(finished).toMatchObject({ code: 1, stderr: '' })
    const line = JSON.parse((finished as { stdout: string }).stdout)
    expect(line).toMatchObject({ level: 'fatal', err: { type: 'Error', message: 'lost' } })
  })
})

describe('shutDown', () => {
  it('gives 0 when everything stopped', async () => {
    expect(await shutDown(createLifecycle([], 1000), quiet, 'SIGTERM')).toBe(0)
  })

  it('gives 1 when a part did not stop', async () => {
    const lifecycle = createLifecycle([{ name: 'a', stop: () => Promise.reject(new Error('no')) }], 1000)
    await lifecycle.start()
    expect(await shutDown(lifecycle, quiet, 'SIGTERM')).toBe(1)
  })
})
