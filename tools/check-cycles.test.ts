import { describe, expect, it } from 'vitest'
import { findCycles } from './check-cycles.ts'

describe('findCycles', () => {
  it('accepts files that import in one direction, also by two ways', () => {
    expect(
      findCycles([
        { path: 'a/top.ts', text: `import './left.ts'\nimport './right.ts'` },
        { path: 'a/left.ts', text: `import { x } from './lib/bottom.ts'` },
        { path: 'a/right.ts', text: `import { x } from './lib/bottom.ts'` },
        { path: 'a/lib/bottom.ts', text: `export const x = 1` },
      ]),
    ).toEqual([])
  })

  it('names a cycle once, also one of types and re-exports across folders', () => {
    expect(
      findCycles([
        { path: 'a/one.ts', text: `import type { T } from './sub/two.ts'` },
        { path: 'a/sub/two.ts', text: `export { three } from '../three.ts'` },
        { path: 'a/three.ts', text: `export const three = () => import('./one.ts')` },
      ]),
    ).toEqual(['import cycle: a/one.ts → a/sub/two.ts → a/three.ts → a/one.ts'])
  })

  it('names a file that imports itself', () => {
    expect(findCycles([{ path: 'a.ts', text: `import './a.ts'` }])).toEqual(['import cycle: a.ts → a.ts'])
  })
})
