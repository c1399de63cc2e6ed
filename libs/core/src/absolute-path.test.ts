import { describe, expect, it } from 'vitest'
import { absolutePathProblem } from './absolute-path.ts'

describe('absolutePathProblem', () => {
  it.each(['/', '/run/wid/secret', '/a b/ü', `/${'x'.repeat(4095)}`])('accepts %j', (path) => {
    expect(absolutePathProblem(path)).toBeUndefined()
  })

  it.each([
    ['', 'must be an absolute path'],
    ['run/wid', 'must be an absolute path'],
    [' /run', 'must be an absolute path'],
    [`/${'x'.repeat(4096)}`, 'is longer than 4096 characters'],
    ['/run\n', 'must not hold control characters'],
    ['/run\0/x', 'must not hold control characters'],
    ['/run\u0085', 'must not hold control characters'],
    [7, 'is not a string'],
    [null, 'is not a string'],
  ])('refuses %j', (path, problem) => {
    expect(absolutePathProblem(path)).toBe(problem)
  })
})
