import { describe, expect, it } from 'vitest'
import { toPublishManifest } from './publish-manifest.ts'

describe('toPublishManifest', () => {
  it('takes the source condition out of exports at every depth and keeps the order of the rest', () => {
    const published = toPublishManifest({
      exports: {
        '.': {
          '@workload-identity/source': './src/index.ts',
          node: { '@workload-identity/source': './src/node.ts', default: './dist/node.js' },
          default: './dist/index.js',
        },
        './package.json': './package.json',
      },
    })
    expect(JSON.stringify(published)).toBe(
      '{"exports":{".":{"node":{"default":"./dist/node.js"},"default":"./dist/index.js"},"./package.json":"./package.json"}}',
    )
  })

  it('takes out what serves the workspace only and keeps everything else', () => {
    const published = toPublishManifest({
      name: 'a',
      dependencies: { jose: '^6.2.0' },
      devDependencies: { vitest: '5.1.1' },
      nx: { tags: [] },
      scripts: { build: 'x' },
    })
    expect(published).toEqual({ name: 'a', dependencies: { jose: '^6.2.0' } })
  })
})
