import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Application, type TypeDocOptions } from 'typedoc'
import { anchorsOf } from '../markdown.ts'

const preface = 'Everything the package exports. Generated from its sources by `npm run docs`.'

/**
 * The public API of the core as one Markdown page. Nothing in it depends on the machine or the moment: no links to
 * sources, no dates.
 *
 * @throws {Error} when the documentation cannot be made or TypeDoc warns, as it does of a link that leads nowhere.
 */
export async function generateCoreReference(root: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'core-reference-'))
  try {
    const options: Partial<TypeDocOptions> = {
      entryPoints: [join(root, 'libs/core/src/index.ts')],
      tsconfig: join(root, 'libs/core/tsconfig.lib.json'),
      plugin: ['typedoc-plugin-markdown'],
      // Of what the types of ECMAScript say, `Error` for one, nothing is repeated.
      excludeExternals: true,
      disableSources: true,
      disableGit: true,
      readme: 'none',
      logLevel: 'Warn',
      requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Variable'],
      // Types that are not exported are told where they are used.
      validation: { notExported: false, invalidLink: true, notDocumented: true },
    }
    const layout = {
      outputFileStrategy: 'modules',
      entryFileName: 'core',
      hidePageHeader: true,
      hideBreadcrumbs: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      propertyMembersFormat: 'table',
      tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true },
    }
    const app = await Application.bootstrapWithPlugins({ ...options, ...layout })
    const project = await app.convert()
    if (project === undefined) throw new Error('the sources of the core do not compile')
    app.validate(project)
    await app.outputs.writeOutput({ name: 'markdown', path: folder }, project)
    if (app.logger.hasErrors() || app.logger.hasWarnings())
      throw new Error('TypeDoc has complaints, see above')
    const page = readFileSync(join(folder, 'core.md'), 'utf8')
    return tidy(page)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Takes out the anchors of members, whose names repeat from type to type so that none can be linked to, and corrects links
 * to headings that TypeDoc believes to be second ones of their name.
 */
function tidy(page: string): string {
  const anchors = anchorsOf(page)
  return page
    .replace(/^# .*\n/, (title) => `${title}\n${preface}\n`)
    .replace(/<a id="property-[^"]*"><\/a> /g, '')
    .replace(/\]\(#([\w-]+)-\d+\)/g, (link, anchor: string) =>
      anchors.has(link.slice(3, -1)) ? link : `](#${anchor})`,
    )
}
