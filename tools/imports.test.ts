import { describe, expect, it } from 'vitest'
import { importsOf, packageOf } from './imports.ts'

describe('importsOf', () => {
  it('finds every way to name a module, with its line, and nothing in comments and strings', () => {
    const text = [
      `import 'a'`,
      `import type { B } from 'b'`,
      `export { c } from 'c'`,
      `export type { D } from 'd'`,
      `const e = await import('e')`,
      `type F = import('f').F`,
      `// import 'g'`,
      `const h = "import 'h'"`,
    ].join('\n')
    expect(importsOf('x.ts', text)).toEqual([
      { specifier: 'a', line: 1, isTypeOnly: false },
      { specifier: 'b', line: 2, isTypeOnly: true },
      { specifier: 'c', line: 3, isTypeOnly: false },
      { specifier: 'd', line: 4, isTypeOnly: true },
      { specifier: 'e', line: 5, isTypeOnly: false },
      { specifier: 'f', line: 6, isTypeOnly: true },
    ])
  })
})

describe('packageOf', () => {
  it.each([
    ['jose', 'jose'],
    ['jose/errors', 'jose'],
    ['@workload-identity/core/testing', '@workload-identity/core'],
    ['./a.ts', undefined],
    ['node:fs', undefined],
  ])('takes %s to be of %s', (specifier, name) => {
    expect(packageOf(specifier)).toBe(name)
  })
})
