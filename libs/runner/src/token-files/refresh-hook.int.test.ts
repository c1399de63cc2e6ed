import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRefreshHook, pickHookEnvironment, type HookFailure } from './refresh-hook.ts'

const waiting = { timeout: 30_000 }
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'refresh-hook-'))
  writeFileSync(join(folder, 'log'), '')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const log = () => readFileSync(join(folder, 'log'), 'utf8').split('\n').slice(0, -1)
const setUp = (script: string, limits: { atOnce?: number; timeLimitMs?: number } = {}) => {
  const program = join(folder, 'hook')
  writeFileSync(program, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`, { mode: 0o755 })
  const failures: HookFailure[] = []
  const environment = { PATH: '/usr/bin:/bin' }
  const hook = createRefreshHook({ program, environment, ...limits }, (failure) => failures.push(failure))
  return { hook, failures }
}

describe('createRefreshHook', () => {
  it('runs the program with the path and the sandbox as they are, and an environment without secrets', async () => {
    const { hook, failures } = setUp('printf "%s|" "$#" "$1" "$2" >>log; env | grep -c WID_ >>log')
    process.env['WID_TEST_SECRET'] = 'secret'
    try {
      hook.notify('/a b/$(touch x);"', "s'1")
      await expect.poll(log, waiting).toStrictEqual([`2|/a b/$(touch x);"|s'1|0`])
    } finally {
      delete process.env['WID_TEST_SECRET']
    }
    await hook.stop()
    // What grep ends with when it finds nothing.
    expect(failures).toStrictEqual([
      { path: '/a b/$(touch x);"', sandbox_id: "s'1", reason: 'it ended with 1' },
    ])
  })

  it('runs so many at once at most, and those for one file one after the other', async () => {
    const script = 'echo "+$1" >>log; while [ ! -e go ]; do sleep 0.02; done; echo "-$1" >>log'
    const { hook } = setUp(script, { atOnce: 2 })
    for (const path of ['a', 'a', 'a', 'b', 'c']) hook.notify(path, 's')
    await expect.poll(() => log().sort(), waiting).toStrictEqual(['+a', '+b'])
    for (const path of ['a', 'c']) hook.notify(path, 's')
    writeFileSync(join(folder, 'go'), '')
    await expect
      .poll(() => log().sort(), waiting)
      .toStrictEqual(['+a', '+a', '+b', '+c', '-a', '-a', '-b', '-c'])
    const lines = log()
    expect(lines.indexOf('-a')).toBeLessThan(lines.lastIndexOf('+a'))
    await hook.stop()
  })

  it('ends what takes too long, with what it started', async () => {
    const { hook, failures } = setUp('sleep 600 & echo $! >>log; wait', { timeLimitMs: 300 })
    hook.notify('a', 's')
    await expect
      .poll(() => failures, waiting)
      .toStrictEqual([{ path: 'a', sandbox_id: 's', reason: 'it was ended after 300 ms' }])
    const [started = ''] = log()
    if (started !== '') await expect.poll(() => isAlive(Number(started)), waiting).toBe(false)
    await hook.stop()
  })

  it('tells that a program is not there, and goes on', async () => {
    const failures: HookFailure[] = []
    const hook = createRefreshHook({ program: join(folder, 'none') }, (failure) => failures.push(failure))
    for (const path of ['a', 'b']) hook.notify(path, 's')
    await expect.poll(() => failures.map(({ path }) => path).sort(), waiting).toStrictEqual(['a', 'b'])
    expect(failures[0]?.reason).toMatch(/^it could not be started: .*ENOENT/)
    await hook.stop()
  })

  it('tells that a program cannot be started where Node throws instead of telling, and goes on', async () => {
    writeFileSync(join(folder, 'file'), '')
    const failures: HookFailure[] = []
    const hook = createRefreshHook({ program: join(folder, 'file', 'program') }, (failure) =>
      failures.push(failure),
    )
    for (const path of ['a', 'b']) hook.notify(path, 's')
    await expect.poll(() => failures.map(({ path }) => path).sort(), waiting).toStrictEqual(['a', 'b'])
    expect(failures[0]?.reason).toMatch(/^it could not be started: .*ENOTDIR/)
    await hook.stop()
  })

  it('begins nothing after it was stopped, and waits for what runs', async () => {
    const { hook } = setUp('echo "+$1" >>log; while [ ! -e go ]; do sleep 0.02; done; echo "-$1" >>log', {
      atOnce: 1,
    })
    for (const path of ['a', 'b']) hook.notify(path, 's')
    await expect.poll(log, waiting).toStrictEqual(['+a'])
    const stopped = hook.stop()
    hook.notify('c', 's')
    writeFileSync(join(folder, 'go'), '')
    await stopped
    expect(log()).toStrictEqual(['+a', '-a'])
  })
})

describe('pickHookEnvironment', () => {
  it('leaves what says where programs are, the language and the time zone', () => {
    const environment = {
      PATH: '/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      WID_RUNNER_SECRET: 'x',
      AWS_SECRET: 'y',
      HOME: undefined,
    }
    expect(pickHookEnvironment(environment)).toStrictEqual({ PATH: '/bin', LC_ALL: 'C', TZ: 'UTC' })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // Where nobody collects the ended, they stay as zombies.
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
