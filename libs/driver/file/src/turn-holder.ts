import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from './file-error.ts'
import { hasEnded, type ProcessIdentity } from './process-identity.ts'

/** Whose turn it is. */
export interface TurnHolder {
  readonly token: string
  /** Whether that process certainly ended. */
  readonly hasEnded: boolean
}

const TOKEN_LENGTH = 36
const PREPARED = 'prepare.'
/** After that long nobody comes back for what he prepared. */
const ABANDONED_MS = 3_600_000

/** Who holds the turn `folder`; `undefined` when nobody does. */
export function findHolder(folder: string): TurnHolder | undefined {
  const names = readdirOrEmpty(folder)
  // The name `holder` goes first when a turn is emptied, so without it nothing can be told of the process.
  const name = names.find((candidate) => candidate.endsWith('.holder')) ?? names[0]
  if (name === undefined) return undefined
  return { token: name.slice(0, TOKEN_LENGTH), hasEnded: hasHolderEnded(join(folder, name)) }
}

/** Whether the turn `folder` is that of `token`. */
export function isHolder(folder: string, token: string): boolean {
  return existsSync(join(folder, `${token}.holder`))
}

/** Removes what is left of that turn, and nothing of any other. */
export async function emptyTurn(folder: string, token: string): Promise<void> {
  const names = readdirOrEmpty(folder).filter((name) => name.startsWith(`${token}.`))
  const isFirst = (name: string) => name.endsWith('.holder')
  for (const name of [...names.filter(isFirst), ...names.filter((name) => !isFirst(name))]) {
    if (name.endsWith('.removed')) await removeFolder(join(folder, name))
    else await unlink(join(folder, name)).catch(ignoreAbsence)
  }
}

/** Removes the folder that was prepared for the turn `token` in vain, if it is there. */
export async function removePrepared(directory: string, token: string): Promise<void> {
  const path = join(directory, `${PREPARED}${token}`)
  if (!existsSync(path)) return
  await emptyTurn(path, token)
  await rmdir(path).catch(ignoreAbsence)
}

/**
 * Removes the folders that were prepared for a turn by processes that ended since, and those an hour older than the
 * newest. Should one be needed after all, its owner prepares another.
 */
export async function removeAbandoned(directory: string): Promise<void> {
  const names = readdirOrEmpty(directory).filter((name) => name.startsWith(PREPARED))
  const ages = await Promise.all(names.map(async (name) => changedMs(join(directory, name))))
  const newest = Math.max(...ages.map((age) => age ?? 0))
  for (const [index, name] of names.entries()) {
    const isOld = newest - (ages[index] ?? newest) > ABANDONED_MS
    if (isOld || findHolder(join(directory, name))?.hasEnded === true) {
      await removePrepared(directory, name.slice(PREPARED.length))
    }
  }
}

async function changedMs(path: string): Promise<number | undefined> {
  return (await lstat(path).catch(() => undefined))?.mtimeMs
}

async function removeFolder(path: string): Promise<void> {
  try {
    for (const name of await readdir(path)) await unlink(join(path, name)).catch(ignoreAbsence)
    await rmdir(path)
  } catch (error) {
    ignoreAbsence(error)
  }
}

function hasHolderEnded(path: string): boolean {
  try {
    return hasEnded(JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity)
  } catch {
    return false
  }
}

function readdirOrEmpty(path: string): string[] {
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
