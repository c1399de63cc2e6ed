import { describe, expect, it } from 'vitest'
import { runCommand, runPool } from './run-command.ts'

const options = { cwd: '.', isBuffered: true }

describe('runCommand', () => {
  it('gives the exit code, and 1 when a signal ended the command', async () => {
    expect(await runCommand(process.execPath, ['-e', ''], options)).toBe(0)
    expect(await runCommand(process.execPath, ['-e', 'process.exit(3)'], options)).toBe(3)
    expect(await runCommand(process.execPath, ['-e', 'process.kill(process.pid, "SIGKILL")'], options)).toBe(
      1,
    )
  })

  it('rejects when there is no such command', async () => {
    await expect(runCommand('no-such-command', [], options)).rejects.toThrow('ENOENT')
  })
})

describe('runPool', () => {
  it('gives results in order and keeps to the limit', async () => {
    let running = 0
    let most = 0
    const job = (value: number) => async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      return value
    }
    expect(await runPool(2, [1, 2, 3, 4].map(job))).toEqual([1, 2, 3, 4])
    expect(most).toBe(2)
  })
})
