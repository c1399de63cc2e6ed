import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as core from '../src/index.ts'

const root = new URL('../src/', import.meta.url)
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.testing.ts'))
  .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }))
const shipped = sources.filter(({ path }) => !path.startsWith('testing/'))
const index = readFileSync(new URL('index.ts', root), 'utf8')

const withoutComments = (text: string) =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
const importsOf = (text: string) =>
  [...withoutComments(text).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '')

/** Where a pattern is found in code that ships, as `file: match`. */
function findIn(pattern: RegExp): string[] {
  return shipped.flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(pattern)].map(([match]) => `${path}: ${match}`),
  )
}

describe('the sources of core', () => {
  it('are found', () => {
    expect(shipped.length).toBeGreaterThan(30)
  })

  it('import jose and one another, nothing else', () => {
    const foreign = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((name) => name !== 'jose' && !/^\.{1,2}\/.*\.ts$/.test(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(foreign).toEqual([])
  })

  it('do not ship their fakes', () => {
    expect(shipped.filter(({ text }) => importsOf(text).some((name) => name.includes('testing')))).toEqual([])
  })

  it('need nothing that is installed but jose', () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', root), 'utf8'))
    expect(Object.keys(manifest.dependencies)).toEqual(['jose'])
    expect([manifest.peerDependencies, manifest.optionalDependencies]).toEqual([undefined, undefined])
  })

  it.each([
    ['the clock', /\bDate\.now\b|new Date\(\s*\)|\bperformance\b/g],
    ['the environment', /\bprocess\b|\bDeno\b|\bBun\b|import\.meta|\bglobalThis\b|\bnavigator\b/g],
    ['the network or a file', /\bfetch\s*\(|\bWebSocket\b|\bXMLHttpRequest\b|\brequire\s*\(|\bimport\s*\(/g],
    ['timers, buffers or a console', /\bset(Timeout|Interval|Immediate)\b|\bBuffer\b|\bconsole\b/g],
    ['a random source other than WebCrypto', /\bMath\.random\b/g],
  ])('do not reach for %s', (_, pattern) => {
    expect(findIn(pattern)).toEqual([])
  })

  it('use of WebCrypto what every runtime has', () => {
    const used = new Set(findIn(/\bcrypto\.(subtle|\w+)/g).map((line) => line.split(': ')[1]))
    expect([...used].sort()).toEqual(['crypto.getRandomValues', 'crypto.randomUUID', 'crypto.subtle'])
  })

  it('explain every export', () => {
    const unexplained = sources.flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, number) => {
        const name = /^export (?:declare )?(?:async )?(?:function|const|class|interface|type) (\w+)/.exec(
          line,
        )?.[1]
        const before = lines[number - 1]?.trim() ?? ''
        return name === undefined || before.endsWith('*/') ? [] : [`${path}: ${name}`]
      })
    })
    expect(unexplained).toEqual([])
  })
})

describe('index.ts', () => {
  it('names what it exports and defines nothing', () => {
    expect(index).not.toMatch(/export \*|export default/)
    expect(
      withoutComments(index)
        .replaceAll(/export (type )?\{[^}]*\} from '[^']+'/g, '')
        .trim(),
    ).toBe('')
  })

  it('exports what a consumer of core alone needs, and nothing of its fakes', () => {
    expect(Object.keys(core)).toEqual(
      expect.arrayContaining([
        ...['createIssuer', 'createKeyRing', 'generateKeyMaterial', 'importPrivateKeyPem', 'openKeyRing'],
        ...[
          'createFollowedKeyRing',
          'createPublishKeys',
          'parseIssuerUrl',
          'resolveIssuerUrl',
          'parseSubject',
        ],
        ...[
          'formatSubject',
          'verifyIdToken',
          'IssuerError',
          'isIssuerError',
          'encodeKeyRing',
          'decodeKeyRing',
        ],
      ]),
    )
    expect(Object.keys(core).filter((name) => /memory|fixed/i.test(name))).toEqual([])
  })
})
