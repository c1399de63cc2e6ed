import { existsSync, readdirSync } from 'node:fs'
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from './file-error.ts'
import { hasProcessEnded } from './process-token.ts'

const PREPARED = 'prepare.'
/** After that long nobody comes back for what he prepared. */
const ABANDONED_MS = 3_600_000

/** The folder of the turn. */
export function turnPath(directory: string): string {
  return join(directory, 'turn')
}

/** The folder that is prepared to become the turn of `token`. */
export function preparedPath(directory: string, token: string): string {
  return join(directory, `${PREPARED}${token}`)
}

/** The path of something of `token` in either of them. Tokens hold no dot. */
export function ownPath(folder: string, token: string, name: string): string {
  return join(folder, `${token}.${name}`)
}

/** Whose turn it is; `undefined` when it is nobody's. */
export function findHolder(turn: string): string | undefined {
  return listOrEmpty(turn)[0]?.split('.')[0]
}

/** Removes what is left of that token in a folder, and nothing of any other. */
export async function removeOwn(folder: string, token: string): Promise<void> {
  for (const name of listOrEmpty(folder)) {
    if (!name.startsWith(`${token}.`)) continue
    if (name.endsWith('.removed')) await removeFolder(join(folder, name))
    else await unlink(join(folder, name)).catch(ignoreAbsence)
  }
}

/** Removes the folder that was prepared for the turn of `token` in vain, if it is there. */
export async function removePrepared(directory: string, token: string): Promise<void> {
  const path = preparedPath(directory, token)
  if (!existsSync(path)) return
  await removeOwn(path, token)
  await rmdir(path).catch(ignoreAbsence)
}

/**
 * Removes the folders that were prepared for a turn by processes that ended since, and those an hour older than the
 * newest. Should one be needed after all, its owner prepares another.
 */
export async function removeAbandoned(directory: string): Promise<void> {
  const tokens = listOrEmpty(directory)
    .filter((name) => name.startsWith(PREPARED))
    .map((name) => name.slice(PREPARED.length))
  const changed = await Promise.all(tokens.map((token) => changedMs(preparedPath(directory, token))))
  const newest = Math.max(...changed)
  for (const [index, token] of tokens.entries()) {
    const isOld = newest - (changed[index] ?? 0) > ABANDONED_MS
    if (isOld || hasProcessEnded(token)) await removePrepared(directory, token)
  }
}

async function changedMs(path: string): Promise<number> {
  return (await lstat(path).catch(() => undefined))?.mtimeMs ?? 0
}

async function removeFolder(path: string): Promise<void> {
  try {
    for (const name of await readdir(path)) await unlink(join(path, name)).catch(ignoreAbsence)
    await rmdir(path)
  } catch (error) {
    // Its owner, who is alive after all, put something there in between; whoever wants the turn tries again.
    if (systemCode(error) !== 'ENOTEMPTY') ignoreAbsence(error)
  }
}

function listOrEmpty(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    ignoreAbsence(error)
    return []
  }
}

function ignoreAbsence(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error
}
