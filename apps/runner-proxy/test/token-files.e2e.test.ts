import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ask } from './ask.ts'
import { startRunnerStack } from './runner-stack.ts'

const soon = { timeout: 30_000 }

describe('the token files of a runner proxy', () => {
  it('are where env says, and outlive an issuer that is away', async () => {
    const stack = await startRunnerStack()
    const directory = join(stack.folder, 'tokens')
    const [hook, told] = [join(stack.folder, 'hook'), join(stack.folder, 'told')]
    await writeFile(hook, `#!/bin/sh\necho "$2" >> ${told}\n`, { mode: 0o700 })
    const flags = await stack.registerRunner('node-1', { token_dir: directory })
    const files = [{ name: 'aws', audience: 'sts.amazonaws.com', ttl: 600 }, { name: 'default' }]
    const registration = { sandbox_id: 'web', runner_id: 'node-1', token_files: files }
    const { env } = await stack.registerSandbox(registration)
    const path = env['WORKLOAD_IDENTITY_TOKEN_PATH'] ?? ''
    expect(path.startsWith(`${directory}/`)).toBe(true)

    const proxy = await stack.startProxy([...flags, `--token-dir=${directory}`, `--on-refresh=${hook}`])
    await expect.poll(() => existsSync(path), soon).toBe(true)
    const token = await readFile(path, 'utf8')
    expect(await stack.verify(token)).toMatchObject({ sandbox_id: 'web', aud: 'sts.amazonaws.com' })
    expect((await stat(path)).mode & 0o777).toBe(0o640)
    await expect.poll(() => existsSync(join(path, '../default')), soon).toBe(true)
    await expect.poll(() => readFile(told, 'utf8').catch(() => ''), soon).toBe('web\nweb\n')
    const { text } = await ask(proxy.ready.control, '/metrics')
    expect(text).toMatch(/^wid_token_files\{state="kept"\} 2$/m)
    expect(text).toMatch(/^wid_token_file_refreshes_total\{outcome="written"\} 2$/m)

    await stack.issuer().end('SIGKILL')
    await expect.poll(() => proxy.output(), soon).toContain('does not confirm')
    expect(await readFile(path, 'utf8')).toBe(token)
    expect(proxy.output()).not.toContain(token)
  })
  it('are taken over by the next proxy after a crash, and go when the issuer says so and not before', async () => {
    const stack = await startRunnerStack()
    const directory = join(stack.folder, 'tokens')
    const flags = [
      ...(await stack.registerRunner('node-1', { token_dir: directory })),
      `--token-dir=${directory}`,
    ]
    const register = async (sandbox_id: string) => {
      const { env } = await stack.registerSandbox({ sandbox_id, runner_id: 'node-1' })
      return env['WORKLOAD_IDENTITY_TOKEN_PATH'] ?? ''
    }
    const [web, job] = [await register('web'), await register('job/1')]
    const crashed = await stack.startProxy(flags)
    await expect.poll(() => existsSync(web) && existsSync(job), soon).toBe(true)
    const token = await readFile(web, 'utf8')
    await crashed.end('SIGKILL')
    const leftover = join(web, '../.token.0123456789abcdef.tmp')
    await writeFile(leftover, 'half a tok')
    await stack.admin('/v1/sandboxes/job%2F1', { method: 'DELETE' })

    await stack.startProxy(flags)
    await expect.poll(() => existsSync(join(job, '..')), soon).toBe(false)
    expect(existsSync(leftover)).toBe(false)
    expect(await readFile(web, 'utf8')).toBe(token)

    const json = { token_files: [{ name: 'aws', audience: 'sts.amazonaws.com' }] }
    expect(await stack.admin('/v1/sandboxes/web', { method: 'PATCH', json })).toMatchObject({ status: 200 })
    await expect.poll(() => existsSync(join(web, '../aws')) && !existsSync(web), soon).toBe(true)
    await stack.admin('/v1/sandboxes/web', { method: 'DELETE' })
    await expect.poll(() => existsSync(join(web, '..')), soon).toBe(false)
  })
})
