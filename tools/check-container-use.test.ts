import { describe, expect, it } from 'vitest'
import { findContainerUses } from './check-container-use.ts'

const tsyringe = `import { container } from 'tsyringe'`

describe('findContainerUses', () => {
  it('accepts the container in composition, in main.ts and in tests of an app', () => {
    expect(
      findContainerUses([
        { path: 'apps/issuer/src/composition/container.ts', text: tsyringe },
        {
          path: 'apps/issuer/src/main.ts',
          text: `import 'reflect-metadata'\nconst c = createContainer(config)\nconst app = c.resolve(APP)\nawait app.start()`,
        },
        {
          path: 'apps/issuer/test/graph.test.ts',
          text: `${tsyringe}\nimport '../src/composition/container.ts'`,
        },
      ]),
    ).toEqual([])
  })

  it.each(['apps/issuer/src/lifecycle.ts', 'libs/core/src/a.ts', 'libs/core/src/a.test.ts', 'tools/a.ts'])(
    'refuses tsyringe and reflect-metadata in %s',
    (path) => {
      expect(findContainerUses([{ path, text: `${tsyringe}\nimport 'reflect-metadata'` }])).toHaveLength(2)
    },
  )

  it('refuses another file that makes the container', () => {
    const text = `import { createContainer } from './composition/container.ts'`
    expect(findContainerUses([{ path: 'apps/issuer/src/lifecycle.ts', text }])).toEqual([
      expect.stringContaining('only main.ts creates the container'),
    ])
  })

  it.each([
    'const c = createContainer(config)\nstart(c)',
    'const c = await createContainer(config)\nstart({ c })',
    'start(createContainer(config))',
    'const c = createContainer(config)\nexport const alias = c',
  ])('refuses that main.ts hands the container on: %s', (text) => {
    expect(findContainerUses([{ path: 'apps/issuer/src/main.ts', text }])).toEqual([
      expect.stringContaining('hands the container on'),
    ])
  })
})
