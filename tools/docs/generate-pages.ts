import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerOf } from '@workload-identity/transport-http'
import type { IssuerErrorCode } from '@workload-identity/core'
import { format } from 'prettier'
import { readManifest, type TextFile } from '../repository.ts'
import { collectRoutes } from './collect-routes.ts'
import { generateCoreReference } from './core-reference.ts'
import { formatErrorReference, readDocumentedCodes } from './error-reference.ts'
import { issuerExamples } from './examples/issuer-examples.ts'
import { publicExamples } from './examples/public-examples.ts'
import { runnerExamples } from './examples/runner-examples.ts'
import { sandboxExamples } from './examples/sandbox-examples.ts'
import { tokenExamples } from './examples/token-examples.ts'
import { buildOpenApiDocument } from './openapi-document.ts'

/** Every generated page, as it has to be. */
export async function generatePages(root: string): Promise<readonly TextFile[]> {
  return [
    await toPage('docs/openapi.json', JSON.stringify(await generateOpenApi(root))),
    await toPage('docs/errors.md', generateErrorReference(root)),
    await toPage('docs/api/core.md', await generateCoreReference(root)),
    { path: 'apps/issuer/README.md', text: generateSettings(root, 'issuer') },
    { path: 'apps/runner-proxy/README.md', text: generateSettings(root, 'runner-proxy') },
  ]
}

async function generateOpenApi(root: string) {
  const examples = {
    ...{ ...publicExamples, ...tokenExamples },
    ...{ ...sandboxExamples, ...runnerExamples, ...issuerExamples },
  }
  return buildOpenApiDocument(await collectRoutes(), examples, readManifest(root, '.').version ?? '')
}

function generateErrorReference(root: string): string {
  const source = readFileSync(join(root, 'libs/core/src/errors.ts'), 'utf8')
  const codes = readDocumentedCodes(source, 'IssuerErrorCode')
  return formatErrorReference(codes, (code) => answerOf(code as IssuerErrorCode))
}

/** An app is not imported: it prints its page itself. */
function generateSettings(root: string, app: 'issuer' | 'runner-proxy'): string {
  const program = join(root, `apps/${app}/test/settings-reference.ts`)
  return execFileSync(process.execPath, ['--conditions=@workload-identity/source', program, '--print'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function toPage(path: string, text: string): Promise<TextFile> {
  const style = { semi: false, singleQuote: true, printWidth: 110 }
  return { path, text: await format(text, { ...style, filepath: path }) }
}
