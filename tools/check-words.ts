/*
 * Harm prevented: things that are fine on one machine and wrong in a repository: paths of somebody's computer, hosts of
 * the registry packages happened to come from, tests that no longer run, and findings that were silenced.
 */
import { report, type Problems } from './report.ts'
import { listFiles, readFiles, repositoryRoot, type TextFile } from './repository.ts'

/** A word that no file may hold. */
interface Forbidden {
  readonly pattern: RegExp
  readonly why: string
  /** Files it is looked for in; all of them when left out. */
  readonly where?: RegExp
}

// Patterns are put together from parts, so that this file does not find itself.
const either = (...words: readonly string[]): string => `(?:${words.join('|')})`
const code = /\.[cm]?[jt]sx?$/

const forbidden: readonly Forbidden[] = [
  {
    pattern: new RegExp(`(?<![\\w.:~/-])/${either('work', 'root', 'home/\\w+', 'Users/\\w+')}/`),
    why: 'is a path of one machine',
  },
  {
    pattern: new RegExp(
      either('registry[.]npm' + 'js', 'registry[.]yarn' + 'pkg', 'npm[.]pkg[.]git' + 'hub'),
      'i',
    ),
    why: 'names the host of a package registry',
  },
  {
    pattern: new RegExp('^\\s*(?:@[\\w-]+:)?regis' + 'try\\s*='),
    where: /(^|\/)\.npmrc$/,
    why: 'chooses a package registry for everybody',
  },
  {
    pattern: new RegExp('"reso' + 'lved":\\s*"(?:https?|git)'),
    where: /(^|\/)package-lock\.json$/,
    why: 'pins where a package is downloaded from: write the lock file with omit-lockfile-registry-resolved',
  },
  {
    pattern: new RegExp(
      `\\b${either('it', 'test', 'describe')}\\.${either('on' + 'ly', 'sk' + 'ip', 'to' + 'do')}\\b`,
    ),
    where: code,
    why: 'focuses or skips tests',
  },
  {
    pattern: new RegExp(
      `\\.${either('skip' + 'If', 'run' + 'If')}\\(|\\b${either('x' + 'it', 'f' + 'it', 'xdescr' + 'ibe', 'fdescr' + 'ibe')}\\(`,
    ),
    where: code,
    why: 'runs tests on some machines only: a missing tool is a failure',
  },
  {
    pattern: new RegExp(
      either('eslint-dis' + 'able', '@ts-ig' + 'nore', '@ts-noch' + 'eck', 'prettier-ig' + 'nore'),
    ),
    where: code,
    why: 'silences a finding: repair its cause or change the rule',
  },
]

/** Names every line of the files that holds a forbidden word. */
export function findForbiddenWords(files: readonly TextFile[]): Problems {
  return files.flatMap(({ path, text }) => {
    const words = forbidden.filter(({ where }) => where === undefined || where.test(path))
    return text.split('\n').flatMap((line, index) =>
      words.flatMap(({ pattern, why }) => {
        const found = pattern.exec(line)?.[0].trim()
        return found === undefined ? [] : [`${path}:${index + 1} "${found}" ${why}`]
      }),
    )
  })
}

if (import.meta.main) {
  const binary = /\.(png|jpe?g|gif|ico|db|gz|tgz|woff2?)$/
  const files = readFiles(repositoryRoot, listFiles(repositoryRoot), (path) => !binary.test(path))
  report('check-words', findForbiddenWords(files), `${files.length} files without a forbidden word`)
}
