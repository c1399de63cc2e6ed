import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { judgeInstall, makeBarePath } from './check-install.ts'

const ended = (status: number | null, stdout = '', stderr = '') => ({ status, stdout, stderr })

describe('judgeInstall', () => {
  it('accepts an install whose native module answers in the right Node', () => {
    expect(judgeInstall(ended(0), ended(0, 'v24.9.0 42\n'), '24.9.0')).toEqual([])
  })

  it('names a failed install, a module that cannot be loaded and another Node', () => {
    const noPython = judgeInstall(ended(1, '', 'gyp ERR! find Python'), undefined, '24.9.0')
    expect(noPython).toEqual([expect.stringContaining('find Python')])
    expect(judgeInstall(ended(0), ended(1, '', 'no binding'), '24.9.0')).toEqual([
      expect.stringContaining('no binding'),
    ])
    expect(judgeInstall(ended(0), ended(0, 'v20.20.2 42\n'), '24.9.0')).toHaveLength(1)
    expect(judgeInstall(ended(0), ended(null), '24.9.0')).toHaveLength(1)
  })
})

describe('makeBarePath', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bare-'))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('holds exactly node, npm and sh, which work without any other command', () => {
    makeBarePath(folder)
    expect(readdirSync(folder).sort()).toEqual(['node', 'npm', 'sh'])
    const say = (script: string) =>
      spawnSync(join(folder, 'sh'), ['-c', script], { env: { PATH: folder, HOME: folder }, encoding: 'utf8' })
    expect(say('node --version && npm --version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^v\d/),
    })
    for (const command of ['env', 'git', 'python3', 'make', 'cc', 'dirname'])
      expect(say(command).status).toBe(127)
  })
})
