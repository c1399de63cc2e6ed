import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DISCOVERY_PATH, JWKS_PATH } from '@workload-identity/core'
import { PublishError } from './publish-error.ts'
import type { PublishedDocuments } from './published-documents.ts'

/** What became of one file. */
export interface WrittenFile {
  readonly path: string
  /** Whether it was written; false when it held the same already. */
  readonly isChanged: boolean
}

/**
 * Writes both documents below a folder that is served as the issuer URL, each as a whole: whoever reads meanwhile gets the
 * old file or the new one. The keys come first, so that no discovery document is there without them. What is unchanged is
 * left alone, so that tools that upload by date do nothing.
 *
 * @throws {PublishError} when the folder belongs to another issuer, or cannot be written; at most the keys were written.
 */
export async function writeDocuments(
  folder: string,
  { issuerUrl, discovery, jwks }: PublishedDocuments,
): Promise<readonly WrittenFile[]> {
  const there = await readOrUndefined(join(folder, DISCOVERY_PATH))
  if (there !== undefined && !there.includes(`"issuer":${JSON.stringify(issuerUrl)}`)) {
    throw new PublishError(
      `${join(folder, DISCOVERY_PATH)} is not that of ${issuerUrl}: choose another folder, or delete it if it is old`,
    )
  }
  return [
    await writeWhole(join(folder, JWKS_PATH), jwks),
    await writeWhole(join(folder, DISCOVERY_PATH), discovery),
  ]
}

async function writeWhole(path: string, text: string): Promise<WrittenFile> {
  if ((await readOrUndefined(path)) === text) return { path, isChanged: false }
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw unusable(path, cause)
  }
  return { path, isChanged: true }
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw unusable(path, cause)
  }
}

function unusable(path: string, cause: unknown): PublishError {
  return new PublishError(`${path} cannot be used (${codeOf(cause)})`, { cause })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
