/*
 * Harm prevented: documentation that sends its reader to a page or a heading that is not there.
 */
import { posix } from 'node:path'
import { anchorsOf, withoutCode } from './markdown.ts'
import { report, type Problems } from './report.ts'
import { listFiles, readFiles, repositoryRoot, type TextFile } from './repository.ts'

/** Names every relative link of the pages that leads to no file, folder or heading. Other schemes are not followed. */
export function findBrokenLinks(pages: readonly TextFile[], files: readonly string[]): Problems {
  const targets = new Set(files)
  for (const file of files) {
    for (let folder = posix.dirname(file); folder !== '.'; folder = posix.dirname(folder)) targets.add(folder)
  }
  targets.add('.')
  const anchors = new Map(pages.map(({ path, text }) => [path, anchorsOf(text)]))
  return pages.flatMap(({ path, text }) =>
    linksOf(text).flatMap(({ link, line }) => {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return []
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), decodeURI(file)))
      const where = `${path}:${line} links to ${link}`
      if (!targets.has(target.replace(/\/$/, ''))) return [`${where}, but there is no ${target}`]
      if (anchor !== undefined && anchors.has(target) && !anchors.get(target)?.has(anchor)) {
        return [`${where}, but ${target} has no heading of that name`]
      }
      return []
    }),
  )
}

function linksOf(text: string): readonly { readonly link: string; readonly line: number }[] {
  return withoutCode(text)
    .split('\n')
    .flatMap((content, index) => {
      const inline = [...content.matchAll(/\]\(<?([^\s)>]+)>?(?:\s+["'(][^)]*)?\)/g)].map(([, link]) => link)
      const definition = /^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)/.exec(content)?.[1]
      return [...inline, definition]
        .filter((link) => link !== undefined)
        .map((link) => ({ link, line: index + 1 }))
    })
}

if (import.meta.main) {
  const files = listFiles(repositoryRoot)
  const pages = readFiles(repositoryRoot, files, (path) => path.endsWith('.md'))
  report(
    'check-links',
    findBrokenLinks(pages, files),
    `${pages.length} pages, every relative link leads somewhere`,
  )
}
