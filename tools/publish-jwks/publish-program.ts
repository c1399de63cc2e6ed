import { fingerprintKeys, fromMilliseconds, isIssuerError } from '@workload-identity/core'
import { Command, CommanderError } from 'commander'
import { StoreCommandError } from '../store/command-error.ts'
import { addStoreOptions, readNamedStore } from '../store/store-options.ts'
import { PublishError } from './publish-error.ts'
import { fetchDocuments, type PublishedDocuments } from './published-documents.ts'
import { readStoreDocuments } from './read-store-documents.ts'
import { writeDocuments } from './write-documents.ts'

/** Where the program gets what it needs and puts what it has to say. */
export interface PublishProgramIo {
  /** `WID_STORE` may name the store, whose URL may hold a password. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

type Options = Readonly<Record<string, unknown>> & {
  readonly to: string
  readonly from?: string
  readonly store?: string
}

/**
 * Writes discovery document and JWK set into a folder, and gives the exit code: 0; 1 when they cannot be had or written;
 * 78 for a mistake in the arguments.
 */
export async function runPublishProgram(argv: readonly string[], io: PublishProgramIo): Promise<number> {
  const program = new Command('publish-jwks')
    .description('Writes discovery and JWKS as files, for verifiers that cannot reach the issuer.')
    .exitOverride()
    .configureOutput({ writeOut: io.write, writeErr: io.writeError })
    .requiredOption('--to <folder>', 'the folder that is served as the issuer URL')
    .option('--from <url>', 'a running issuer: its issuer URL, or its public listener')
    .option(
      '--store <store>',
      'or its store: file:<dir>, sqlite:<path>, redis://… or rediss://…; or WID_STORE',
    )
    .option('--cluster-id <id>', 'whose ring it is, in a Redis that clusters share')
    .option('--allow-network-fs', 'accept a network file system')
    .option('--replace', 'with --store: also over a key set without any key of its ring')
  addStoreOptions(program, '').action(async (options: Options) => {
    const documents = await getDocuments(options, io.env)
    for (const { path, isChanged } of await writeDocuments(options.to, documents, {
      replacesForeign: options['replace'] === true,
    })) {
      io.write(`${isChanged ? 'wrote' : 'unchanged'} ${path}\n`)
    }
    io.write(`${documents.issuerUrl} ${await fingerprintKeys(documents.keys)}\n`)
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed it: help is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 78
    if (!(error instanceof Error)) throw error
    io.writeError(`publish-jwks: ${error.message}\n`)
    if (error instanceof StoreCommandError) return error.exitCode
    if (error instanceof PublishError || isIssuerError(error)) return 1
    throw error
  }
}

async function getDocuments(options: Options, env: PublishProgramIo['env']): Promise<PublishedDocuments> {
  const { from, store } = options
  if (from !== undefined && store !== undefined) {
    throw new StoreCommandError('give either --from or --store, not both', 78)
  }
  if (from === undefined) {
    const named = await readNamedStore({ argument: store, variable: 'WID_STORE', env }, '', options)
    return readStoreDocuments(named, fromMilliseconds(Date.now()))
  }
  if (!/^https?:\/\//.test(from) || !URL.canParse(from)) {
    throw new StoreCommandError('--from is not an http or https URL', 78)
  }
  return fetchDocuments(from)
}
