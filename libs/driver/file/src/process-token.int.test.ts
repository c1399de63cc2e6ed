import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { describe, expect, it } from 'vitest'
import { createProcessToken, hasProcessEnded, TOKEN_PATTERN } from './process-token.ts'

describe('createProcessToken', () => {
  it('gives another one each time, of the promised form', () => {
    const tokens = Array.from({ length: 100 }, createProcessToken)
    expect(new Set(tokens).size).toBe(100)
    for (const token of tokens) expect(token).toMatch(new RegExp(`^${TOKEN_PATTERN}$`))
  })
})

describe('hasProcessEnded', () => {
  it('is false for this process and true for one that has ended', async () => {
    const own = createProcessToken()
    expect(hasProcessEnded(own)).toBe(false)
    const other = spawn(execPath, ['-e', ''])
    await once(other, 'exit')
    expect(hasProcessEnded(own.replace(/^[0-9]+/, String(other.pid)))).toBe(true)
  })

  it('is true for an earlier process that had the number of this one', () => {
    const [pid, started, ...rest] = createProcessToken().split('-')
    expect(started).not.toBe('')
    expect(hasProcessEnded([pid, Number(started) - 1, ...rest].join('-'))).toBe(true)
  })

  it('is false for a process of another container, and for what is no token', () => {
    const [pid, started, , random] = createProcessToken().split('-')
    expect(hasProcessEnded([pid, Number(started) - 1, 1, random].join('-'))).toBe(false)
    expect(hasProcessEnded('README')).toBe(false)
  })
})
