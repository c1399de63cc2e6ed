import { IssuerError } from './errors.ts'
import type { SandboxRecord, TokenFile } from './ports/sandbox-registry.ts'
import { parseAudiences } from './token/audience.ts'
import { assertTtl } from './token/ttl.ts'

/** The most token files that a sandbox may have. */
export const MAX_TOKEN_FILES = 16

/** The token files of a sandbox that has a runner and says nothing about files. */
export const DEFAULT_TOKEN_FILES: readonly TokenFile[] = [{ name: 'token' }]

/** The files that the runner of a sandbox keeps for it: none without a runner. */
export function tokenFilesOf({
  runner_id: runnerId,
  token_files: files,
}: Pick<SandboxRecord, 'runner_id' | 'token_files'>): readonly TokenFile[] {
  return runnerId === undefined ? [] : (files ?? DEFAULT_TOKEN_FILES)
}

/**
 * The token files of a request, with nothing but the members that a file has; `undefined` when it says nothing of them.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for more than 16 files, for a name that is none or given twice;
 * `ERR_AUDIENCE_INVALID` and `ERR_TTL_INVALID` for what no token can have.
 */
export function parseTokenFiles(files: readonly TokenFile[] | undefined): readonly TokenFile[] | undefined {
  if (files === undefined) return undefined
  if (!Array.isArray(files) || files.length > MAX_TOKEN_FILES) {
    throw invalid(`token_files must be a list of at most ${MAX_TOKEN_FILES} files`)
  }
  const parsed = files.map(parseTokenFile)
  if (new Set(parsed.map((file) => file.name)).size < parsed.length) {
    throw invalid('a name in token_files is given twice')
  }
  return parsed
}

// A name begins with a letter or digit, so that it is neither hidden nor a way out of its folder.
const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

function parseTokenFile({ name, audience, ttl }: TokenFile): TokenFile {
  if (typeof name !== 'string' || !fileName.test(name)) {
    throw invalid(
      'a name in token_files must be 1-64 characters of A-Z a-z 0-9 . _ - and start with a letter or digit',
    )
  }
  if (audience !== undefined) parseAudiences(audience)
  assertTtl(ttl)
  return { name, ...(audience !== undefined && { audience }), ...(ttl !== undefined && { ttl }) }
}

function invalid(message: string): IssuerError {
  return new IssuerError('ERR_REQUEST_INVALID', message, { details: { name: 'token_files' } })
}
