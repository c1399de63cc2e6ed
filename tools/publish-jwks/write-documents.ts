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

/** How to write. */
export interface WriteOptions {
  /** Also over keys that all are unknown to the ring. */
  readonly replacesForeign: boolean
}

/**
 * Writes both documents below a folder that is served as the issuer URL, each as a whole: whoever reads meanwhile gets the
 * old file or the new one. The keys come first, so that no discovery document is there without them. What is unchanged is
 * left alone, so that tools that upload by date do nothing.
 *
 * @throws {PublishError} when the folder belongs to another issuer or another ring, or cannot be written; at most the keys were written.
 */
export async function writeDocuments(
  folder: string,
  { issuerUrl, discovery, jwks, knownKids }: PublishedDocuments,
  { replacesForeign }: WriteOptions,
): Promise<readonly WrittenFile[]> {
  const there = await readOrUndefined(join(folder, DISCOVERY_PATH))
  if (there !== undefined && !there.includes(`"issuer":${JSON.stringify(issuerUrl)}`)) {
    throw new PublishError(
      `${join(folder, DISCOVERY_PATH)} is not that of ${issuerUrl}: choose another folder, or delete it if it is old`,
    )
  }
  if (!replacesForeign && knownKids !== undefined) await assertOwnKeys(join(folder, JWKS_PATH), knownKids)
  return [
    await writeWhole(join(folder, JWKS_PATH), jwks),
    await writeWhole(join(folder, DISCOVERY_PATH), discovery),
  ]
}

async function assertOwnKeys(path: string, known: ReadonlySet<string>): Promise<void> {
  const there = readKids((await readOrUndefined(path)) ?? '')
  if (there.length === 0 || there.some((kid) => known.has(kid))) return
  throw new PublishError(
    `${path} holds keys of another ring: the store never had any of them; name the right store, or give --replace if this one takes its place`,
  )
}

/** The IDs in a JWK set; none when it is damaged, so that it can be put right. */
function readKids(text: string): readonly string[] {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: readonly { readonly kid?: unknown }[] }
    return (keys ?? []).flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : []))
  } catch {
    return []
  }
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
